import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, POLICY, user, versionOf } from '../../../test/support/example.ts'
import type { Policy } from '../policy/policy.ts'
import { readiness } from './readiness.ts'
import { type Candidate, type ProposedCast, smallestCast } from './smallest-cast.ts'

const candidate = (id: string, over: Partial<Candidate> = {}): Candidate => ({
  id,
  name: id,
  email: at(id),
  isKnown: false,
  connections: 1,
  ownCases: 0,
  ...over,
})
const THREE = ['ada', 'ben', 'cy'].map((id) => candidate(id))

function ownersOf({ jobs }: ProposedCast): Policy['owners'] {
  const of = (lane: string, circle: string | null = null) =>
    jobs.filter((job) => job.lane === lane && job.circle === circle).map((job) => job.candidate.email!)
  return {
    reviewers: { general: of('review', 'general'), senior: of('review', 'senior'), approved: of('review', 'approved') },
    override: of('override')[0]!,
    rollback: of('rollback')[0]!,
    boundary: of('boundary')[0]!,
    data: of('data')[0]!,
    workflow: of('workflow')[0]!,
    accepted: Object.fromEntries(jobs.map((job) => [job.candidate.email!, '2026-11-02'])),
  }
}

describe('the smallest honest cast', () => {
  it('is two people for a pilot and three for live, each of them ready and not fragile', () => {
    for (const [mode, people] of [
      ['pilot', 2],
      ['live', 3],
    ] as const) {
      const cast = smallestCast(mode, { candidates: THREE, casesPerWeek: {} })!
      assert.equal(cast.people, people)
      const directory = directoryOf(['ada', 'ben', 'cy'].map((id) => user(HUBSPOT, id)))
      const version = versionOf({ ...POLICY, mode: 'live', owners: ownersOf(cast) })
      const connections = [{ id: HUBSPOT, crm: 'hubspot', title: 'HubSpot', arePeopleRead: true }]
      assert.deepEqual(readiness(version, directory, connections).problems, [], mode)
    }
  })

  it('lets somebody else than the boundary owner approve what that one wrote', () => {
    for (const mode of ['pilot', 'live'] as const) {
      const { boundary, workflow, override } = ownersOf(smallestCast(mode, { candidates: THREE, casesPerWeek: {} })!)
      assert.ok(workflow !== boundary || override !== boundary, mode)
    }
  })

  it('needs as many people as it says', () => {
    assert.equal(smallestCast('pilot', { candidates: THREE.slice(0, 1), casesPerWeek: {} }), null)
    assert.equal(smallestCast('live', { candidates: THREE.slice(0, 2), casesPerWeek: {} }), null)
    const nowhere = [...THREE.slice(0, 2), candidate('gone', { connections: 0 })]
    assert.equal(smallestCast('live', { candidates: nowhere, casesPerWeek: {} }), null)
  })

  it('counts minutes a week by class, shared by those who review it', () => {
    const week = { expected: 10, risky: 5, unknown: 2, 'customer-facing': 3, 'revenue-impacting': 1 }
    const minutes = (mode: 'pilot' | 'live') =>
      smallestCast(mode, { candidates: THREE, casesPerWeek: week })!.jobs.flatMap((job) =>
        job.lane === 'review' ? [job.minutesPerWeek] : [],
      )
    assert.deepEqual(minutes('pilot'), [90, 30, 15])
    assert.deepEqual(minutes('live'), [45, 45, 15, 15, 8, 8])
    assert.equal(smallestCast('live', { candidates: THREE, casesPerWeek: week })!.basis, 'assumed')
  })

  it('asks first whoever is in every CRM, then whom we know, then who owns the least of the mess', () => {
    const some = [
      candidate('mess', { connections: 2, ownCases: 9 }),
      candidate('known', { connections: 2, isKnown: true, ownCases: 9 }),
      candidate('clean', { connections: 2 }),
      candidate('half', { isKnown: true }),
    ]
    const cast = smallestCast('live', { candidates: some, casesPerWeek: {} })!
    assert.deepEqual([...new Set(cast.jobs.map((job) => job.candidate.id))].sort(), ['clean', 'known', 'mess'])
    assert.equal(ownersOf(cast).boundary, at('known'))
  })

  it('keeps those who hold or are asked, and proposes only what is vacant', () => {
    const taken = [{ lane: 'workflow', circle: null, candidateId: 'cy' }] as const
    const { jobs } = smallestCast('pilot', { candidates: THREE, casesPerWeek: {}, taken })!
    const by = (id: string) => jobs.filter((job) => job.candidate.id === id).map(({ lane }) => lane)
    assert.deepEqual(by('cy'), ['review', 'review', 'review', 'override'])
    assert.deepEqual(by('ada'), ['rollback', 'boundary', 'data'])
    const all = [...jobs.map((job) => ({ ...job, candidateId: job.candidate.id })), ...taken]
    assert.deepEqual(smallestCast('pilot', { candidates: THREE, casesPerWeek: {}, taken: all })!.jobs, [])
  })

  it('wants a second reviewer for live where the pilot has one', () => {
    const pilot = smallestCast('pilot', { candidates: THREE, casesPerWeek: {} })!
    const taken = pilot.jobs.map((job) => ({ ...job, candidateId: job.candidate.id }))
    const { jobs } = smallestCast('live', { candidates: THREE, casesPerWeek: {}, taken })!
    assert.deepEqual(
      jobs.map(({ lane, circle, candidate: { id } }) => [lane, circle, id]),
      [
        ['review', 'general', 'cy'],
        ['review', 'senior', 'cy'],
        ['review', 'approved', 'cy'],
      ],
    )
  })

  it('asks nobody again for a job that they declined', () => {
    const declined = [{ lane: 'rollback', circle: null, candidateId: 'ada' }] as const
    const cast = smallestCast('pilot', { candidates: THREE, casesPerWeek: {}, declined })!
    assert.equal(cast.jobs.find(({ lane }) => lane === 'rollback')!.candidate.id, 'ben')
    assert.equal(cast.jobs.find(({ lane }) => lane === 'workflow')!.candidate.id, 'ada')
    const both = [...declined, { ...declined[0], candidateId: 'ben' }]
    assert.equal(smallestCast('pilot', { candidates: THREE.slice(0, 2), casesPerWeek: {}, declined: both }), null)
  })
})
