import { randomUUID } from 'node:crypto'
import type { SandboxClock } from '../org/clock.ts'

export type BusEvent = {
  readonly entity: string
  readonly recordIds: readonly string[]
  readonly schemaId: string
  readonly payload: Buffer
}

export type RetainedEvent = BusEvent & { readonly replay: number; readonly eventId: string; readonly atMs: number }

const RETENTION_MS = 72 * 3_600_000 // change events are kept for three days (vendor's durability page)

/**
 * The event bus: an ordered, bounded window of past events. Replay ids rise with holes, so that tests catch a client
 * that computes a replay id instead of storing it.
 */
export class EventBus {
  private readonly clock: SandboxClock
  private readonly retainMax: number
  private events: RetainedEvent[] = []
  /** Position of `events[0]` among all events ever sent; a reader's cursor counts the same way. */
  private firstPosition = 0
  private lastReplay: number
  /** The newest purged event: a reader that has seen it has missed nothing. Null after an expiry on command. */
  private floorReplay: number | null
  private readonly waiting = new Set<() => void>()
  private randomState: number

  constructor(clock: SandboxClock, seed: number, retainMax = 100_000) {
    this.clock = clock
    this.retainMax = retainMax
    this.randomState = (seed * 2_654_435_761 + 12_345) >>> 0
    this.lastReplay = 18_000_000 + (this.step() & 0xffff)
    this.floorReplay = this.lastReplay
  }

  publish(events: readonly BusEvent[]): void {
    const atMs = this.clock.steady()
    for (const event of events) {
      this.lastReplay += 1 + (this.step() % 7)
      this.events.push({ ...event, replay: this.lastReplay, eventId: randomUUID(), atMs })
    }
    this.purge()
    for (const wake of this.waiting) wake()
  }

  onPublish(wake: () => void): () => void {
    this.waiting.add(wake)
    return () => this.waiting.delete(wake)
  }

  endPosition(): number {
    return this.firstPosition + this.events.length
  }

  startPosition(): number {
    this.purge()
    return this.firstPosition
  }

  /** The position after this replay id. Null: the id is too old, or the bus never sent it. */
  positionAfter(replay: number): number | null {
    this.purge()
    if (replay === this.floorReplay) return this.firstPosition
    let low = 0
    let high = this.events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.events[middle]!.replay < replay) low = middle + 1
      else high = middle
    }
    return this.events[low]?.replay === replay ? this.firstPosition + low + 1 : null
  }

  /** The event at a position. `purged`: the reader was too slow. */
  at(position: number): RetainedEvent | 'purged' | undefined {
    if (position < this.firstPosition) return 'purged'
    return this.events[position - this.firstPosition]
  }

  latestReplay(): number {
    return this.lastReplay
  }

  /** Drops all events and replay ids, as after three days or an org migration. */
  expireAll(): void {
    this.firstPosition += this.events.length
    this.events = []
    this.lastReplay += 1_000 + (this.step() % 1_000)
    this.floorReplay = this.lastReplay
  }

  size(): number {
    return this.events.length
  }

  private purge(): void {
    const oldestMs = this.clock.steady() - RETENTION_MS
    let drop = Math.max(0, this.events.length - this.retainMax)
    while (drop < this.events.length && this.events[drop]!.atMs < oldestMs) drop++
    // Cutting an array costs its length, so an overfull one loses a tenth at a time.
    const overfullOnly = drop > 0 && this.events[drop - 1]!.atMs >= oldestMs
    if (drop === 0 || (overfullOnly && drop < this.retainMax / 10)) return
    this.floorReplay = this.events[drop - 1]!.replay
    this.events = this.events.slice(drop)
    this.firstPosition += drop
  }

  /** A small linear generator: the holes are the same for the same seed. */
  private step(): number {
    this.randomState = (Math.imul(this.randomState, 1_664_525) + 1_013_904_223) >>> 0
    return this.randomState >>> 8
  }
}

/** Ten bytes: the number big-endian in eight, then two of zero. */
export function replayBytes(replay: number): Buffer {
  const bytes = Buffer.alloc(10)
  bytes.writeBigUInt64BE(BigInt(replay))
  return bytes
}

/** Null: not a replay id. Accepts the eight-byte form too, which a public client sends. */
export function readReplayBytes(bytes: Buffer): number | null {
  if (bytes.length !== 10 && bytes.length !== 8) return null
  if (bytes.length === 10 && (bytes[8] !== 0 || bytes[9] !== 0)) return null
  const value = bytes.readBigUInt64BE()
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null
}
