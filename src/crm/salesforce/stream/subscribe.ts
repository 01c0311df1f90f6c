import { setTimeout as wait } from 'node:timers/promises'
import { nowMs } from '../../../clock/clock.ts'
import type { StreamBatch, StreamState } from '../../crm-stream.ts'
import type { SalesforceSession } from '../login/session.ts'
import { type BatchDecoder, batchDecoder } from './batch-decoder.ts'
import { type FetchRequest, type FetchResponse, openChannel, type PubSubChannel } from './pubsub-channel.ts'
import type { StreamClient } from './stream-client.ts'
import { SESSION_REMEDY, type StreamFailure, streamFailure } from './stream-failure.ts'
import { openInbox } from './stream-inbox.ts'

export type SubscribeOptions = {
  /** `api.pubsub.salesforce.com:7443`, or a loopback address without TLS. */
  readonly address: string
  readonly topic: string
  readonly client: StreamClient
  /** The last event that was stored; the stream continues after it. Null: begin at `whenNew`. */
  readonly replayId: Buffer | null
  /**
   * Where a subscription begins that has no place yet. The baseline covers everything before; EARLIEST delivers up to 72 h
   * again and spends the org's delivery allowance.
   */
  readonly whenNew?: 'LATEST' | 'EARLIEST'
  /** Fields of an object that policies read. A created record whose event has them all needs no extra read. */
  readonly watchedFields?: (objectType: string) => readonly string[] | undefined
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  readonly onState?: (state: StreamState) => void | Promise<void>
  readonly signal: AbortSignal
  /** After this long without any message, keepalives included, we treat the stream as dead. */
  readonly silenceMaxMs?: number
  readonly backoffBaseMs?: number
}

/** The most that Salesforce keeps outstanding; more counts as this. */
const OUTSTANDING_MAX = 100
/**
 * Salesforce promises a keepalive within 270 s and sends one about every 60 s; other integrators found streams dead that
 * were silent for over 120 s. We wait a third longer than usual, so we notice a dead stream within 90 s. Being wrong costs
 * one reconnect: the stream continues from the stored place and loses nothing.
 */
export const SILENCE_MAX_MS = 80_000
/** Until the first place is known, a reconnect could lose changes, so we wait for the promised time. */
export const SILENCE_UNPLACED_MAX_MS = 280_000
const BACKOFF_BASE_MS = 500
const BACKOFF_MAX_MS = 60_000
/** The allowance rolls over 24 h: retrying every few minutes would only spend what becomes free. */
const ALLOWANCE_PAUSE_MS = 30 * 60_000
/** Salesforce applies permission changes within 10 minutes. */
const REFUSED_PAUSE_MS = 5 * 60_000
/** After this many new sessions refused in a row, no session of this user will work. */
const RENEWALS_MAX = 2

/**
 * Keeps one subscription alive until `signal` aborts; resolves then and never rejects. Hands over a batch once the one
 * before it is committed, and only then requests more, so a slow database slows the stream down.
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
      // For display only; the next state is shown again.
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
        await reportLoss(options, place)
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
          // At once the first time: sessions expire regularly.
          if (failure.kind === 'session-refused' && renewals === 1) continue
        } else {
          renewals = 0
          failure = { kind: 'refused', why, remedy: SESSION_REMEDY }
        }
      }
      // Broken before the first place was known: we cannot tell what we missed since the stream opened.
      const neverPlaced = place.opened && place.replayId === null && place.preset === 'LATEST'
      if (failure.kind === 'replay-lost' || neverPlaced) {
        place.replayId = null
        place.preset = 'EARLIEST'
        place.unreportedLoss = failure.why
        if (failure.kind === 'replay-lost' && failures === 1) continue
      }
      const pauseMs = pauseFor(failure, failures, options.backoffBaseMs ?? BACKOFF_BASE_MS)
      await show(waitingState(failure, nowMs() + pauseMs))
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
  /** Whether any message ever arrived. */
  opened: boolean
  /** A loss that the caller has not recorded yet; the stream waits until it has. */
  unreportedLoss: string | null
}

async function reportLoss(options: SubscribeOptions, place: Place): Promise<void> {
  if (place.unreportedLoss === null) return
  await options.onState?.({ state: 'replay-lost', why: place.unreportedLoss })
  place.unreportedLoss = null
}

/** Lets us stop without waiting for a server that does not answer. */
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
  if (failure.kind === 'allowance') return { state: 'allowance-spent', why, retryAtMs }
  const isSilent = failure.kind === 'retry' && failure.isSilent === true
  return { state: 'waiting', why, ...(isSilent && { isSilent }), retryAtMs }
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
