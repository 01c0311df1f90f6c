import { randomUUID } from 'node:crypto'
import type * as grpc from '@grpc/grpc-js'
import type { Org } from '../org/org.ts'
import type { UsageMeter } from '../wire/usage-meter.ts'
import { type EventBus, type RetainedEvent, readReplayBytes, replayBytes } from './event-bus.ts'
import { rpcError } from './rpc-error.ts'

export type FetchRequest = {
  readonly topicName: string
  readonly replayPreset: 'LATEST' | 'EARLIEST' | 'CUSTOM'
  readonly replayId: Buffer
  readonly numRequested: number
}

type FetchResponse = {
  readonly events: readonly object[]
  readonly latestReplayId: Buffer
  readonly rpcId: string
  readonly pendingNumRequested: number
}

export type SubscribeCall = grpc.ServerDuplexStream<FetchRequest, FetchResponse>

type Surroundings = {
  readonly org: Org
  readonly bus: EventBus
  readonly usage: UsageMeter
  /** Throws when the topic does not exist or may not be subscribed to. */
  entitiesOf(topic: string): readonly string[]
  /** Checked for each event: a channel of several entities silently leaves out hidden ones. */
  receives(event: RetainedEvent): boolean
  /** The event's bytes, without the fields and records that this subscriber may not see. */
  payloadOf(event: RetainedEvent): Buffer
  isSilent(): boolean
  onEnd(): void
}

const OUTSTANDING_MAX = 100 // more requested events are treated as 100 (proto comment and flow-control page)

/** One Subscribe stream: delivers as many events as requested, sends keepalives, and ends without requests. */
export class Subscription {
  private readonly call: SubscribeCall
  private readonly io: Surroundings
  private topic: string | null = null
  private entities: ReadonlySet<string> = new Set()
  private position = 0
  private pending = 0
  private ended = false
  private deliverySoon = false
  private readonly rpcId = randomUUID()
  private unsubscribe: () => void = () => {}
  private keepalive: NodeJS.Timeout | null = null
  private idle: NodeJS.Timeout | null = null

  constructor(call: SubscribeCall, io: Surroundings) {
    this.call = call
    this.io = io
  }

  fetch(request: FetchRequest): void {
    if (this.ended) return
    try {
      if (request.numRequested <= 0) throw rpcError('requested-invalid', 'Subscribe')
      if (this.topic === null) this.start(request)
      else if (request.topicName !== '' && request.topicName !== this.topic)
        throw rpcError('topic-changed', 'Subscribe')
    } catch (error) {
      this.fail(error as grpc.ServerErrorResponse)
      return
    }
    this.pending = Math.min(OUTSTANDING_MAX, this.pending + request.numRequested)
    this.clearIdle()
    this.wake()
  }

  /** Delivers a moment later, so that changes of the same moment go out together. */
  readonly wake = (): void => {
    if (this.deliverySoon || this.ended) return
    this.deliverySoon = true
    setImmediate(() => {
      this.deliverySoon = false
      if (!this.ended) this.deliver()
    })
  }

  /** The client closed its side and can request nothing more, so the stream ends. */
  finish(): void {
    if (this.ended) return
    this.stop()
    this.call.end()
  }

  fail(error: grpc.ServerErrorResponse): void {
    if (this.ended) return
    this.stop()
    this.call.emit('error', error)
  }

  stop(): void {
    if (this.ended) return
    this.ended = true
    this.unsubscribe()
    if (this.keepalive) clearTimeout(this.keepalive)
    this.clearIdle()
    this.io.onEnd()
  }

  private start(request: FetchRequest): void {
    this.entities = new Set(this.io.entitiesOf(request.topicName))
    this.position = this.startPosition(request)
    this.topic = request.topicName
    this.unsubscribe = this.io.bus.onPublish(this.wake)
    this.armKeepalive()
  }

  private startPosition(request: FetchRequest): number {
    const { bus } = this.io
    if (request.replayPreset === 'EARLIEST') return bus.startPosition()
    if (request.replayPreset !== 'CUSTOM') return bus.endPosition()
    if (request.replayId.length === 0) throw rpcError('replay-missing', 'Subscribe')
    const replay = readReplayBytes(Buffer.from(request.replayId))
    const position = replay === null ? null : bus.positionAfter(replay)
    if (position === null) throw rpcError('replay-corrupted', 'Subscribe')
    return position
  }

  private deliver(): void {
    if (this.io.isSilent()) return
    while (this.pending > 0 && !this.ended) {
      const batch = this.nextBatch()
      if (batch === null || batch.length === 0) return
      if (this.io.usage.deliveriesLeft() < batch.length) {
        this.fail(rpcError('limit', 'Subscribe'))
        return
      }
      this.pending -= batch.length
      this.io.usage.countDelivered(batch.length)
      this.send(batch, batch.at(-1)!.replay)
      if (this.pending === 0) this.armIdle()
    }
  }

  private nextBatch(): RetainedEvent[] | null {
    const batch: RetainedEvent[] = []
    while (batch.length < this.pending) {
      const event = this.io.bus.at(this.position)
      if (event === 'purged') {
        // The reader was so slow that its events were purged.
        this.fail(rpcError('replay-corrupted', 'Subscribe'))
        return null
      }
      if (!event) break
      this.position++
      if (this.entities.has(event.entity) && this.io.receives(event)) batch.push(event)
    }
    return batch
  }

  private send(events: readonly RetainedEvent[], latestReplay: number): void {
    this.call.write({
      events: events.map((event) => ({
        event: { id: event.eventId, schemaId: event.schemaId, payload: this.io.payloadOf(event), headers: [] },
        replayId: replayBytes(event.replay),
      })),
      latestReplayId: replayBytes(latestReplay),
      rpcId: this.rpcId,
      pendingNumRequested: this.pending,
    })
    this.armKeepalive()
  }

  private armKeepalive(): void {
    if (this.keepalive) clearTimeout(this.keepalive)
    this.keepalive = setTimeout(() => {
      // Only after everything was delivered, because clients store a keepalive's replay id as progress.
      const caughtUp = this.position >= this.io.bus.endPosition()
      if (caughtUp && !this.io.isSilent()) this.send([], this.io.bus.latestReplay())
      else this.armKeepalive()
    }, this.io.org.settings.keepaliveMs)
    this.keepalive.unref()
  }

  private armIdle(): void {
    this.clearIdle()
    this.idle = setTimeout(() => this.finish(), this.io.org.settings.idleStreamMs)
    this.idle.unref()
  }

  private clearIdle(): void {
    if (this.idle) clearTimeout(this.idle)
    this.idle = null
  }
}
