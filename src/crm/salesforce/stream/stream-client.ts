import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { SalesforceSession } from '../login/session.ts'
import type { FieldType } from '../rest/field-text.ts'

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
