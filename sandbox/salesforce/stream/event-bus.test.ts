import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EventBus, readReplayBytes, replayBytes } from './event-bus.ts'

const HOUR_MS = 3_600_000

function busWith(retainMax: number) {
  let nowMs = 0
  const clock = {
    now: () => nowMs,
    steady: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
  const bus = new EventBus(clock, 1, retainMax)
  /** One at a time, so that each id is read before it can be purged. */
  const publish = (count: number): number[] =>
    Array.from({ length: count }, () => {
      bus.publish([{ entity: 'Lead', recordIds: [], schemaId: 's', payload: Buffer.alloc(0) }])
      return bus.latestReplay()
    })
  return { bus, clock, publish }
}

describe('the event bus', () => {
  it('resumes after any replay id that it sent, and after no other', () => {
    const { bus, publish } = busWith(1_000)
    const replays = publish(50)
    const given = new Set(replays)
    for (const [i, replay] of replays.entries()) {
      assert.equal(bus.positionAfter(replay), i + 1)
      if (!given.has(replay + 1)) assert.equal(bus.positionAfter(replay + 1), null)
    }
  })

  it('a reader that saw the last purged event has missed nothing, an older one has', () => {
    const { bus, publish } = busWith(20)
    const replays = publish(10)
    const more = publish(30)
    assert.ok(bus.size() <= 22)
    const all = [...replays, ...more]
    const lastGone = all[all.length - bus.size() - 1]!
    assert.equal(bus.positionAfter(lastGone), bus.startPosition())
    assert.equal(bus.positionAfter(all[0]!), null)
  })

  it('stays bounded however much is published', () => {
    const { bus, publish } = busWith(100)
    for (let i = 0; i < 50; i++) publish(37)
    assert.ok(bus.size() <= 110)
  })

  it('forgets after 72 hours', () => {
    const { bus, clock, publish } = busWith(100)
    const [first, second] = publish(2)
    clock.advance(71 * HOUR_MS)
    const [third] = publish(1)
    assert.equal(bus.positionAfter(first!), 1)
    clock.advance(2 * HOUR_MS)
    assert.equal(bus.positionAfter(first!), null)
    assert.equal(bus.positionAfter(second!), 2)
    assert.equal(bus.positionAfter(third!), 3)
    assert.equal(bus.at(0), 'purged')
  })

  it('after an expiry on command no earlier replay id is valid, the newest included', () => {
    const { bus, publish } = busWith(100)
    const replays = publish(5)
    const tip = bus.latestReplay()
    bus.expireAll()
    for (const replay of [...replays, tip]) assert.equal(bus.positionAfter(replay), null)
    assert.equal(bus.positionAfter(bus.latestReplay()), bus.endPosition())
  })

  it('writes replay ids as ten bytes and accepts the eight-byte form', () => {
    const bytes = replayBytes(296_772)
    assert.deepEqual([...bytes], [0, 0, 0, 0, 0, 4, 135, 68, 0, 0])
    assert.equal(readReplayBytes(bytes), 296_772)
    assert.equal(readReplayBytes(bytes.subarray(0, 8)), 296_772)
    assert.equal(readReplayBytes(Buffer.alloc(9)), null)
    assert.equal(readReplayBytes(Buffer.alloc(10, 255)), null)
  })
})
