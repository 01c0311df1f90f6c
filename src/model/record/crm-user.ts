import type { ConnectionId } from './change-event.ts'

/** Somebody who was active, and of whom the CRM itself said that they no longer are. */
export type Departure = {
  readonly userId: string
  readonly name: string
  readonly how: 'deactivated' | 'frozen' | 'deleted'
}

/**
 * `unlisted`: the last list left the user out and the CRM's answer about this id is still due; the rest of the row is as
 * last known. `gone`: the CRM answered that it has no such user.
 */
export type Standing = 'unlisted' | 'gone'

/** A user, queue or archived owner as one CRM knows them. */
export type CrmUser = {
  readonly connectionId: ConnectionId
  /** What owner fields hold: the CRM's own id of the user, owner or queue. */
  readonly userId: string
  /** What the CRM calls the person where it says who changed something. Null or absent: the same, or it does not say. */
  readonly loginId?: string | null
  readonly kind: 'person' | 'queue'
  /** Lower-case. Joins one person across CRMs. Null for queues and nameless system users. */
  readonly email: string | null
  readonly name: string
  /** May work: not deactivated, not archived, not frozen. */
  readonly active: boolean
  /** The login is frozen, so the person cannot work now. Null or absent: the CRM does not say. */
  readonly frozen?: boolean | null
  /** A program signs in with it, so it is nobody to whom work can go. Null or absent: the CRM does not say. */
  readonly integration?: boolean | null
  /** Queues: how many active people work it. Null: not known, which is not the same as none. */
  readonly activeMembers: number | null
  /** Queues: the ids of their members. Null or absent: the CRM does not say. */
  readonly members?: readonly string[] | null
  /** Of a list: members of a queue whom the same list does not hold. Absent: none. */
  readonly unlistedMembers?: readonly string[]
  /** Absent: the CRM listed the user at the last look, or answered for this id since. */
  readonly standing?: Standing
  /** IANA zone, when the CRM tells. */
  readonly timeZone: string | null
}

/** Everyone the model needs to know to find owners. Look-ups only; built once per batch. */
export type Directory = {
  /** By connection and the value of an owner field. Undefined: proven gone (`isGone`), or no list has held this id yet. */
  user(connectionId: ConnectionId, userId: string): CrmUser | undefined
  /** True only where the CRM itself answered that it has no such user. Not listed is not gone. */
  isGone(connectionId: ConnectionId, userId: string): boolean
  /** The active person with this e-mail in that connection; one that the last list left out counts as last known. */
  personByEmail(connectionId: ConnectionId, email: string): CrmUser | undefined
  /** All of them. With several nobody is guessed: `personByEmail` finds none. */
  peopleByEmail(connectionId: ConnectionId, email: string): readonly CrmUser[]
  /** Queues of that name there, in any spelling of capitals. */
  queuesByName(connectionId: ConnectionId, name: string): readonly CrmUser[]
  /** Somebody with this e-mail is a user there whose login is frozen: the reason why `personByEmail` finds nobody. */
  isFrozen(connectionId: ConnectionId, email: string): boolean
  /** Open tasks per e-mail, for capacity. */
  openTasks(email: string): number
  /** Of the same person, this one among them: those that the company links. */
  emailsOf(email: string): readonly string[]
}
