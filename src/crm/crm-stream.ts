import type { ChangeEvent } from '../model/record/change-event.ts'

/** Changes as the CRM sends them over a connection that we hold open. */
export type CrmStream = {
  /** Keeps one subscription alive until `signal` aborts; resolves then and never rejects. */
  subscribe(options: StreamOptions): Promise<void>
}

export type StreamOptions = {
  /** The place after the last batch that was stored. Null: begin with what is new. */
  readonly replayId: Buffer | null
  /** Fields of an object that policies read. */
  readonly watchedFields: (objectType: string) => readonly string[] | undefined
  /** The next batch comes when this one is committed. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  readonly onState: (state: StreamState) => void | Promise<void>
  readonly signal: AbortSignal
}

export type StreamBatch = {
  readonly events: ChangeEvent[]
  /** Objects with more changes than the stream can report: re-sync them, deletions included. */
  readonly overflowObjects: string[]
  readonly skipped: { readonly reason: string; readonly n: number }[]
  /** Store it with the events, in one transaction: it is where the next subscription begins. */
  readonly latestReplayId: Buffer
}

export type StreamState =
  | { readonly state: 'connecting' }
  /** The subscription is sent. The CRM may stay silent for minutes while nothing changes. */
  | { readonly state: 'subscribed' }
  /** A first message arrived: the stream works. */
  | { readonly state: 'live' }
  | { readonly state: 'waiting'; readonly why: string; readonly isSilent?: boolean; readonly retryAtMs: number }
  /** Changes may be missing. The caller re-syncs; the stream continues from the earliest event that the CRM keeps. */
  | { readonly state: 'replay-lost'; readonly why: string }
  /** The account's allowance of events is spent for now. */
  | { readonly state: 'allowance-spent'; readonly why: string; readonly retryAtMs: number }
  /** The stream stays silent until an admin follows the remedy; we retry now and then. */
  | { readonly state: 'refused'; readonly why: string; readonly remedy: string; readonly retryAtMs: number }
  | { readonly state: 'stopped' }
