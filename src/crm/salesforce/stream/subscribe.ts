import { setTimeout as wait } from 'node:timers/promises'
import type { SalesforceSession } from '../login/session.ts'
import { type BatchDecoder, batchDecoder } from './batch-decoder.ts'
import { type FetchRequest, type FetchResponse, openChannel, type PubSubChannel } from './pubsub-channel.ts'
import type { StreamBatch, StreamClient } from './stream-batch.ts'
import { SESSION_STEP, type StreamFailure, streamFailure } from './stream-failure.ts'
import { openInbox } from './stream-inbox.ts'

export type StreamState =
  | { readonly state: 'connecting' }
  /** The subscription is sent. Salesforce may say nothing for minutes when nothing happens. */
  | { readonly state: 'subscribed' }
  /** Something came: from here on the stream is known to work. */
  | { readonly state: 'live' }
  | { readonly state: 'waiting'; readonly why: string; readonly retryAtMs: number }
  /** Changes may be missing. The caller re-syncs; the stream goes on from the earliest event still kept. */
  | { readonly state: 'replay-lost'; readonly why: string }
  /** The org's allowance of events is spent for now. */
  | { readonly state: 'allowance-spent'; readonly why: string; readonly retryAtMs: number }
  /** Nothing comes until a person has taken this step; tried again now and then. */
  | { readonly state: 'refused'; readonly why: string; readonly remedy: string; readonly retryAtMs: number }
  | { readonly state: 'stopped' }

export type SubscribeOptions = {
  /** `api.pubsub.salesforce.com:7443`, or a loopback address without TLS. */
  readonly address: string
  readonly topic: string
  readonly client: StreamClient
  /** After which event to begin. Null begins at `whenNew`. */
  readonly replayId: Buffer | null
  /**
   * Where a subscription begins that has no place yet. The baseline covers what was before; EARLIEST brings up to 72 h
   * again and spends the org's delivery allowance for it.
   */
  readonly whenNew?: 'LATEST' | 'EARLIEST'
  /** Fields that the policies read of an object, to say which created records need no reading. */
  readonly watchedFields?: (objectType: string) => readonly string[] | undefined
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  readonly onState?: (state: StreamState) => void | Promise<void>
  readonly signal: AbortSignal
  /** Without any message for so long, keepalives included, the stream is dead although nothing says so. */
  readonly silenceMaxMs?: number
  readonly backoffBaseMs?: number
}

/** The most that Salesforce keeps outstanding; more counts as this. */
const OUTSTANDING_MAX = 100
/**
 * Keepalives come about every 60 s in practice and are promised within 270 s; streams silent for over 120 s were found
 * dead by other integrators. We wait for the practice and a third more, so that a stream that stays open and says nothing
 * is noticed within 90 s. Being wrong costs one reconnect: the stream goes on from the stored place and loses nothing.
 */
export const SILENCE_MAX_MS = 80_000
/** Before the first place is known a reconnect could lose what came meanwhile, so there the promise itself is waited for. */
export const SILENCE_UNPLACED_MAX_MS = 280_000
const BACKOFF_BASE_MS = 500
const BACKOFF_MAX_MS = 60_000
/** A rolling 24 h allowance: minutes would only spend what comes free. */
const ALLOWANCE_PAUSE_MS = 30 * 60_000
/** Salesforce applies permission changes within 10 minutes. */
const REFUSED_PAUSE_MS = 5 * 60_000
/** So many new sessions in a row refused: no session of this user will do. */
const RENEWALS_MAX = 2

/**
 * Keeps one subscription alive until `signal` aborts; resolves then and never rejects. Each batch is handed over once
 * the one before it is committed, and only then more is requested, so a slow database slows the stream down.
 */
export async function subscribe(options: SubscribeOptions): Promise<void> {
  const { signal } = options
  const channel = openChannel(options.address)
  const decoder = batchDecoder(options, (session, schemaId) => channel.schemaJson(session, schemaId))
  const place: Place = {
    replayId: options.replayId,
    preset: options.whenNew ?? 'LATEST',
    opened: false,
    unreportedLoss: null,
  }
  const show = async (state: StreamState) => {
    try {
      await options.onState?.(state)
    } catch {
      // Only for people to see; the next state is shown again.
    }
  }
  let failures = 0
  let renewals = 0
  const received = () => {
    failures = 0
    renewals = 0
  }
  try {
    while (!signal.aborted) {
      let session: SalesforceSession | null = null
      let failure: StreamFailure
      try {
        await show({ state: 'connecting' })
        await tellLoss(options, place)
        session = await orAborted(options.client.session(), signal)
        await runStream(options, channel, decoder, session, place, show, received)
        failure = { kind: 'retry', why: 'the stream was ended by Salesforce' }
      } catch (error) {
        failure = streamFailure(error)
      }
      if (signal.aborted) break
      failures++
      if (failure.kind === 'session-refused' && session) {
        const { why } = failure
        if (renewals++ < RENEWALS_MAX) {
          failure = await renew(options, session)
          // At once the first time: sessions expire as a matter of course.
          if (failure.kind === 'session-refused' && renewals === 1) continue
        } else {
          renewals = 0
          failure = { kind: 'refused', why, remedy: SESSION_STEP }
        }
      }
      // Broken before the first place was known: nobody can say what was missed since it opened.
      const neverPlaced = place.opened && place.replayId === null && place.preset === 'LATEST'
      if (failure.kind === 'replay-lost' || neverPlaced) {
        place.replayId = null
        place.preset = 'EARLIEST'
        place.unreportedLoss = failure.why
        if (failure.kind === 'replay-lost' && failures === 1) continue
      }
      const pauseMs = pauseFor(failure, failures, options.backoffBaseMs ?? BACKOFF_BASE_MS)
      await show(waitingState(failure, Date.now() + pauseMs))
      await wait(pauseMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    channel.close()
    await show({ state: 'stopped' })
  }
}

type Place = {
  replayId: Buffer | null
  preset: 'LATEST' | 'EARLIEST'
  /** Whether anything ever came. */
  opened: boolean
  /** A loss that the caller has not taken note of yet; the stream does not go on before it has. */
  unreportedLoss: string | null
}

async function tellLoss(options: SubscribeOptions, place: Place): Promise<void> {
  if (place.unreportedLoss === null) return
  await options.onState?.({ state: 'replay-lost', why: place.unreportedLoss })
  place.unreportedLoss = null
}

/** Stopping must not wait for a server that does not answer. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) work.catch(() => {})
  signal.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** `session-refused` again: there is a new session to try. */
async function renew(options: SubscribeOptions, session: SalesforceSession): Promise<StreamFailure> {
  try {
    await orAborted(options.client.renewSession(session), options.signal)
    return { kind: 'session-refused', why: 'renewed' }
  } catch (error) {
    return streamFailure(error)
  }
}

function pauseFor(failure: StreamFailure, failures: number, baseMs: number): number {
  if (failure.kind === 'allowance') return ALLOWANCE_PAUSE_MS
  if (failure.kind === 'refused') return REFUSED_PAUSE_MS
  // With jitter, so that all subscribers do not come back in one second after an outage.
  return Math.round(Math.min(BACKOFF_MAX_MS, baseMs * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2))
}

function waitingState(failure: StreamFailure, retryAtMs: number): StreamState {
  const { why } = failure
  if (failure.kind === 'refused') return { state: 'refused', why, remedy: failure.remedy, retryAtMs }
  return { state: failure.kind === 'allowance' ? 'allowance-spent' : 'waiting', why, retryAtMs }
}

/** One stream from open to end. Resolves when the server ends it, rejects with what broke it. */
async function runStream(
  options: SubscribeOptions,
  channel: PubSubChannel,
  decoder: BatchDecoder,
  session: SalesforceSession,
  place: Place,
  show: (state: StreamState) => Promise<void>,
  onReceived: () => void,
): Promise<void> {
  await orAborted(channel.ready(), options.signal)
  const stream = channel.subscribe(session)
  const unplaced = place.replayId === null && place.preset === 'LATEST'
  const silenceMaxMs = options.silenceMaxMs ?? (unplaced ? SILENCE_UNPLACED_MAX_MS : SILENCE_MAX_MS)
  const inbox = openInbox(stream, options.signal, silenceMaxMs)
  try {
    stream.write(firstRequest(options.topic, place))
    await show({ state: 'subscribed' })
    let live = false
    for (;;) {
      const responses = await inbox.next()
      if (responses === null) return
      if (!live) {
        live = true
        place.opened = true
        await show({ state: 'live' })
      }
      const latest = lastPlace(responses)
      const received = responses.reduce((sum, response) => sum + response.events.length, 0)
      if (latest === null && received > 0) throw new Error('Salesforce sent events without a replay id')
      if (latest === null) continue // only the headers came
      const batch = await orAborted(decoder.decode(session, responses), options.signal)
      await options.onBatch({ ...batch, latestReplayId: latest })
      place.replayId = latest
      inbox.expect(options.silenceMaxMs ?? SILENCE_MAX_MS)
      onReceived()
      if (received > 0) stream.write({ numRequested: Math.min(received, OUTSTANDING_MAX) })
    }
  } finally {
    inbox.close()
    stream.cancel()
  }
}

function firstRequest(topicName: string, { replayId, preset }: Place): FetchRequest {
  return replayId === null
    ? { topicName, replayPreset: preset, numRequested: OUTSTANDING_MAX }
    : { topicName, replayPreset: 'CUSTOM', replayId, numRequested: OUTSTANDING_MAX }
}

/**
 * The place after these messages. `latest_replay_id` of a message with events may be ahead of them, so there the last
 * event's own id counts; of an empty one it is the keepalive's progress.
 */
function lastPlace(responses: readonly FetchResponse[]): Buffer | null {
  const last = responses.at(-1)
  if (last === undefined) return null
  const id = last.events.at(-1)?.replayId ?? last.latestReplayId
  return id.length > 0 ? id : null
}
