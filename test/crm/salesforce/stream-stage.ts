import { afterEach, beforeEach } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { StreamBatch, StreamState } from '../../../src/crm/crm-stream.ts'
import { type SubscribeOptions, subscribe } from '../../../src/crm/salesforce/stream/subscribe.ts'
import { LEAD_SCHEMA, replayId, type ScriptedBus, startScriptedBus, streamClient } from './scripted-bus.ts'

export const LEAD = '00Q5f000005bwLFEAY'

/** The bus of the running test, and what its subscriptions have handed over. */
export let bus: ScriptedBus
export const batches: StreamBatch[] = []
export const states: StreamState[] = []
let stop = new AbortController()
let running: Promise<void>[] = []

/** Each test of the suite that calls this gets a scripted bus of its own. */
export function withScriptedBus(): void {
  beforeEach(async () => {
    bus = await startScriptedBus()
    bus.schemas = { lead: JSON.stringify(LEAD_SCHEMA) }
    batches.length = 0
    states.length = 0
  })
  afterEach(async () => {
    await stopAll()
    bus.close()
  })
}

export function start(options: Partial<SubscribeOptions> = {}): void {
  running.push(
    subscribe({
      address: bus.address,
      topic: '/data/ChangeEvents',
      client: streamClient(),
      replayId: null,
      onBatch: async (batch) => void batches.push(batch),
      onState: (state) => void states.push(state),
      signal: stop.signal,
      backoffBaseMs: 5,
      ...options,
    }),
  )
}

/** Stops every subscription; the test may start others. */
export async function stopAll(): Promise<void> {
  stop.abort()
  await Promise.all(running)
  stop = new AbortController()
  running = []
}

export const events = () => batches.flatMap((batch) => batch.events)

export const send = (n: number | bigint, payload: Buffer, schemaId = 'lead') => ({
  schemaId,
  payload,
  replayId: replayId(n),
})

/** What a subscription makes of these payloads, sent in one batch. */
export async function decoded(...payloads: Buffer[]): Promise<StreamBatch> {
  bus.onSubscribe = (subscription) => subscription.send(payloads.map((payload, at) => send(at + 1, payload)))
  start()
  await until(() => batches.length > 0, 'a batch')
  return batches[0]!
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${what}`)
    await wait(5)
  }
}
