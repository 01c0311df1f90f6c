import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jobDues, PLAIN_CALENDAR } from './job-clock.ts'

const FRIDAY = Date.parse('2026-11-27T16:00:00Z')
const dues = (job: Parameters<typeof jobDues>[0]) =>
  jobDues(job, PLAIN_CALENDAR).map(({ reason, atMs }) => `${reason} ${new Date(atMs).toISOString().slice(0, 10)}`)

describe('the clock of a job', () => {
  it('reminds after two business days and ends after five, which a weekend does not shorten', () => {
    const offered = { state: 'offered', offeredAtMs: FRIDAY, confirmByMs: null } as const
    assert.deepEqual(dues(offered), ['remind 2026-12-02', 'end 2026-12-05'])
  })

  it('asks for a confirmation on its day, and then as for an offer', () => {
    const held = { state: 'accepted', offeredAtMs: 0, confirmByMs: FRIDAY } as const
    assert.deepEqual(dues(held), ['confirm 2026-11-27', 'confirm-remind 2026-12-02', 'confirm-end 2026-12-05'])
  })

  it('does nothing about a job that is over, or that nobody has to confirm', () => {
    assert.deepEqual(dues({ state: 'ended', offeredAtMs: FRIDAY, confirmByMs: FRIDAY }), [])
    assert.deepEqual(dues({ state: 'accepted', offeredAtMs: FRIDAY, confirmByMs: null }), [])
  })
})
