import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Baseline } from '../../store/connections/baseline.ts'
import { baselineProgress, withSample } from './baseline-progress.ts'

const OBJECTS = ['contacts', 'companies']
const read = (contacts: number, change: Partial<Baseline> = {}): Baseline => ({
  done: false,
  startedAtMs: 0,
  objects: {
    contacts: { done: false, cursor: 'x', count: contacts, total: 60_000 },
    companies: { done: false, cursor: null, count: 0, total: 10_000 },
  },
  ...change,
})

describe('the progress of a first import', () => {
  it('uses the rate of the last minute instead of the rate since the start', () => {
    let baseline = read(0)
    // Slow for a minute, then at a rate that the first minute must not dilute.
    for (let s = 0; s <= 180; s += 5) baseline = withSample({ ...baseline, ...read(at(s)) }, s * 1_000)
    const { perSecond, leftMs } = baselineProgress({ ...baseline, ...read(at(180)) }, OBJECTS, 180_000)
    assert.equal(perSecond, 100)
    assert.equal(leftMs, (70_000 - at(180)) * 10)
    function at(s: number): number {
      return s <= 60 ? s * 10 : 600 + (s - 60) * 100
    }
  })

  it('shows no time left until the CRM has given its counts', () => {
    const unknown = { ...read(500).objects, companies: { done: false, cursor: null, count: 0, total: null } }
    const baseline = read(500, { objects: unknown, samples: [{ atMs: 0, count: 0 }] })
    const progress = baselineProgress(baseline, OBJECTS, 10_000)
    assert.deepEqual([progress.total, progress.leftMs, progress.perSecond], [null, null, 50])
  })

  it('counts an object that has not started as unknown instead of empty', () => {
    const { contacts } = read(10).objects
    assert.equal(baselineProgress(read(10, { objects: { contacts: contacts! } }), OBJECTS, 0).total, null)
  })

  it('shows no rate in the first seconds, or after a minute without a save', () => {
    const baseline = read(100, { samples: [{ atMs: 10_000, count: 0 }] })
    assert.equal(baselineProgress(baseline, OBJECTS, 12_000).perSecond, null)
    assert.equal(baselineProgress(baseline, OBJECTS, 75_000).perSecond, null)
  })

  it('keeps a minute of samples, however long it runs', () => {
    let baseline = read(0)
    for (let ms = 0; ms < 3_600_000; ms += 700) baseline = withSample(baseline, ms)
    assert.ok(baseline.samples!.length <= 15, `${baseline.samples!.length} samples`)
  })

  it('ends with the records read beside the count of the CRM', () => {
    const objects = { contacts: { done: true, cursor: null, count: 59_990, total: 60_000 } }
    const progress = baselineProgress(read(0, { done: true, objects }), OBJECTS, 1)
    assert.deepEqual(progress, { done: true, count: 59_990, total: 60_000, perSecond: null, leftMs: null })
  })
})
