import type { PolicyPlace } from '../people/named-in-policies.ts'
import type { Crm } from '../record/change-event.ts'
import type { CountedOutcome } from './departure.ts'

export type OwnedCount = { readonly connectionId: string; readonly objectType: string; readonly records: number }

export type OpenTasks = {
  readonly connectionId: string
  readonly workflow: string
  readonly tasks: number
  readonly cases: number
}

/** A territory of the CRM that they work, and how many others do. */
export type TerritoryOf = { readonly connectionId: string; readonly name: string; readonly others: number }

export type QueueOf = { readonly connectionId: string; readonly name: string; readonly others: number }

export type UserField = OwnedCount & { readonly field: string; readonly label: string }

export type DepartureUser = {
  readonly connectionId: string
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly state: 'active' | 'deactivated' | 'frozen' | 'deleted' | 'integration'
}

export type DepartureRecords = OwnedCount & {
  /** Of how many of them `outcomes` tells: all, where no workflow watches the object or the limit was not reached. */
  readonly decided: number
  readonly outcomes: readonly CountedOutcome[]
}

/** Everything of ours and of the CRMs that still names a person, as far as we read it. */
export type DepartureList = {
  /** The one that was asked for, and those that the company links with it. */
  readonly emails: readonly string[]
  readonly connections: readonly { readonly id: string; readonly crm: Crm; readonly title: string }[]
  readonly users: readonly DepartureUser[]
  readonly records: readonly DepartureRecords[]
  readonly places: readonly PolicyPlace[]
  readonly tasks: readonly OpenTasks[]
  readonly queues: readonly QueueOf[]
  /** Of the CRM's own, where it uses and shows them. */
  readonly territories: readonly TerritoryOf[]
  /** Connections that do not say who works a queue. */
  readonly queuesUnknownIn: readonly string[]
  readonly userFields: readonly UserField[]
}
