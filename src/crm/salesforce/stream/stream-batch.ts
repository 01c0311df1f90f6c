import type { ChangeEvent } from '../../../model/record/change-event.ts'
import type { SalesforceClient } from '../client/client.ts'

export type StreamBatch = {
  readonly events: ChangeEvent[]
  /** Objects of which more changed than the stream can tell: re-sync them, deletions included. */
  readonly overflowObjects: string[]
  readonly skipped: { readonly reason: string; readonly n: number }[]
  /** Store it with the events, in one transaction: it is where the next subscription begins. */
  readonly latestReplayId: Buffer
}

/** What the stream needs of the REST side: who we are, sessions, and the types by which values are spelled. */
export type StreamClient = Pick<
  SalesforceClient,
  'connectionId' | 'callOptionsClient' | 'session' | 'renewSession' | 'fieldTypes'
>
