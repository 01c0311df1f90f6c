import type { ChangeEvent, ConnectionId } from '../../../model/record/change-event.ts'
import type { SalesforceSession } from '../login/session.ts'
import type { FieldType } from '../rest/field-text.ts'

export type StreamBatch = {
  readonly events: ChangeEvent[]
  /** Objects with more changes than the stream can report: re-sync them, deletions included. */
  readonly overflowObjects: string[]
  readonly skipped: { readonly reason: string; readonly n: number }[]
  /** Store it with the events, in one transaction: it is where the next subscription begins. */
  readonly latestReplayId: Buffer
}

/** What the stream needs of the REST side. */
export type StreamClient = {
  readonly connectionId: ConnectionId
  readonly callOptionsClient: string
  session(): Promise<SalesforceSession>
  /** After the Pub/Sub API refused a session. */
  renewSession(refused: SalesforceSession): Promise<SalesforceSession>
  /** The types by which values are spelled: without them the stream cannot tell days from instants. */
  fieldTypes(objectType: string): Promise<ReadonlyMap<string, FieldType>>
}
