import type { ConnectionId } from './change-event.ts'

/** Somebody whom the CRM listed as active, and no longer does. */
export type Departure = {
  readonly userId: string
  readonly name: string
  readonly how: 'deactivated' | 'deleted'
}

/** A user, queue or archived owner as one CRM knows them. */
export type CrmUser = {
  readonly connectionId: ConnectionId
  /** What owner fields hold: the CRM's own id of the user, owner or queue. */
  readonly userId: string
  readonly kind: 'person' | 'queue'
  /** Lower-case. Joins one person across CRMs. Null for queues and nameless system users. */
  readonly email: string | null
  readonly name: string
  readonly active: boolean
  /** Queues: how many active people work it. */
  readonly activeMembers: number
  /** IANA zone, when the CRM tells. */
  readonly timeZone: string | null
}

/** Everyone the model needs to know to find owners. Look-ups only; built once per batch. */
export type Directory = {
  /** By connection and the value of an owner field. Undefined: the CRM no longer knows this id. */
  user(connectionId: ConnectionId, userId: string): CrmUser | undefined
  /** The active person with this e-mail in that connection. */
  personByEmail(connectionId: ConnectionId, email: string): CrmUser | undefined
  /** Open tasks per e-mail, for capacity. */
  openTasks(email: string): number
}
