import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LaneHeld } from '../authority/acts.ts'
import { type PlacedJob, placesOf, vacanciesOf, wantsTask } from './vacancies.ts'

const place = { workflow: 'w', lane: 'boundary', circle: null } as const
const job = (id: number, state: PlacedJob['state'], over: Partial<PlacedJob> = {}): PlacedJob => ({
  ...place,
  id,
  personId: 'ann',
  deputy: false,
  state,
  ...over,
})
const held: LaneHeld = { ...place, personId: 'ann', role: 'holder', untilMs: null }
const boundary = (jobs: readonly PlacedJob[], lanes: readonly LaneHeld[] = []) =>
  vacanciesOf('w', jobs, lanes).find(({ lane }) => lane === 'boundary')

describe('a vacancy', () => {
  it('is each job of a workflow that nobody ever had', () => {
    assert.equal(vacanciesOf('w', [], []).length, placesOf('w').length)
  })

  it('is none while somebody active holds the job', () => {
    assert.equal(boundary([job(1, 'accepted')], [held]), undefined)
  })

  it('is one when the holder is not active, when only a deputy is there, and when the job is of another workflow', () => {
    assert.equal(boundary([job(1, 'accepted')])?.afterJobId, 1)
    assert.ok(boundary([job(1, 'accepted', { deputy: true })], [{ ...held, role: 'deputy' }]))
    assert.ok(boundary([job(1, 'accepted', { workflow: 'other' })], [{ ...held, workflow: 'other' }]))
    assert.ok(boundary([job(1, 'accepted')], [{ ...held, role: 'delegate' }]))
  })

  it('has another name each time somebody was asked or left', () => {
    const first = boundary([job(1, 'ended')])?.cause
    const second = boundary([job(1, 'ended'), job(4, 'ended')])?.cause
    assert.notEqual(first, second)
    assert.equal(boundary([job(1, 'ended'), job(5, 'offered')])?.cause, first)
  })

  it('wants no task while somebody is asked, nor in a draft that nobody ever worked in', () => {
    const asked = boundary([job(1, 'ended'), job(2, 'offered')])!
    const never = boundary([])!
    const left = boundary([job(1, 'ended')])!
    assert.deepEqual(
      [wantsTask(asked, 'live'), wantsTask(never, 'draft'), wantsTask(never, 'pilot'), wantsTask(left, 'draft')],
      [false, false, true, true],
    )
  })
})
