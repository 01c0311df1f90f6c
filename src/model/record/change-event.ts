/**
 * One normalised change in a CRM. Adapters make these from the vendors' payloads; nothing downstream
 * knows which vendor a change came from except through `connectionId`.
 */

/** One customer's installation of a CRM: our own short id of the connection, never the vendor's. */
export type ConnectionId = string & { readonly brand: 'ConnectionId' }

/** The short name under which a CRM's adapter is registered, see src/crm/registry.ts. */
export type Crm = string

/**
 * Every field value is text or null. Adapters make one spelling of each type:
 * numbers in decimal, booleans `true`/`false`, instants `2026-11-22T10:00:00.000Z`, calendar days `2026-11-22`,
 * multi-select joined with `;`. Blank text arrives as null. So two CRMs and two channels of one CRM compare equal.
 */
export type FieldText = string | null

export type ChangeKind =
  | 'created'
  | 'changed'
  | 'deleted'
  | 'restored'
  | 'merged' // recordId survives, mergedIds are gone
  | 'associated' // a link to another record changed; fields hold nothing, the record must be read again
  | 'gap' // the CRM says "something changed here" without saying what: read the record again
  | 'unseen' // we asked for the record and the CRM did not show it, which proves nothing: it may be hidden from us
  | 'erased' // privacy deletion: our copies of the values must go

/** Which way a change reached us. `baseline` is the first import; `reconcile` is our own poll. */
export type ChangeSource = 'webhook' | 'stream' | 'poll' | 'baseline'

export type ChangeActor = {
  readonly kind: 'person' | 'integration' | 'automation' | 'unknown'
  /** The CRM's own id of the user or app, when it says so. */
  readonly id: string | null
  /** True when the CRM itself says that our integration made the change. A hint: written values are the real guard. */
  readonly ours: boolean
}

/** The order of what a reading or a history shows: after everything that events tell of the same moment. */
export const READ_ORDER = Number.MAX_SAFE_INTEGER

export type ChangeEvent = {
  readonly connectionId: ConnectionId
  /** Unique within a connection for one change in the CRM, however often and by whichever retry it arrives. */
  readonly dedupeKey: string
  /** The vendor's own name of the object, see `CrmProfile.objects`. */
  readonly objectType: string
  readonly recordId: string
  readonly kind: ChangeKind
  /** The CRM's own time of the change, epoch milliseconds. Decides which of two values of a field is newer. */
  readonly occurredAtMs: number
  /** Breaks ties within one millisecond: sequence number, event id. Larger is later. */
  readonly order: number
  /** New values of the fields that changed. Empty when the CRM sent none. */
  readonly fields: Readonly<Record<string, FieldText>>
  /** True when `fields` holds every watched field of the record, so nothing has to be read from the CRM. */
  readonly complete: boolean
  /**
   * Per field, when it last changed, where the CRM says so (a history on read). Fields not named here changed
   * at `occurredAtMs` at the latest.
   */
  readonly fieldChangedAtMs?: Readonly<Record<string, number>>
  /** Earlier owners with their times, where the CRM keeps a history of the owner field. */
  readonly ownerHistory?: readonly { readonly owner: FieldText; readonly atMs: number }[]
  /**
   * For a reading that we asked for: the CRM's time of the newest thing that made us ask. The reading came after it, so
   * it settles whether the record lives and what it holds, although its own modification time may be older.
   */
  readonly answersUntilMs?: number
  readonly mergedIds?: readonly string[]
  readonly source: ChangeSource
  readonly actor: ChangeActor
}
