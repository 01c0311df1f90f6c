import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { ACTS, type Act, type Actor, type Subject } from '../../src/model/authority/acts.ts'
import { EXCEPTION_CLASSES } from '../../src/model/classes/class.ts'
import { verdictOn } from '../../src/people/permitted.ts'
import { mayActAll } from '../../src/people/permitted-all.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const RUNS = 150
const WORKFLOWS = ['w1', 'w2']
const CIRCLES = ['general', 'senior', 'approved'] as const
const LANES = ['override', 'rollback', 'boundary', 'data', 'workflow'] as const

type Row = { workflow: string; lane: string; circle: string; person: number; role: string; until: string | null }

describe('what the database says of many subjects at once', () => {
  let test: TestDatabase
  const people: string[] = []
  before(async () => {
    test = await testDatabase()
    for (const name of ['Ann', 'Ben', 'Cid', 'Dot', 'Eve'])
      people.push(await createPerson(test.db, { name, madeBy: 'terminal' }))
  })
  after(() => test.drop())

  const person = fc.nat({ max: 3 })
  const until = fc.constantFrom(null, null, '1 hour', '-1 second')
  const row: fc.Arbitrary<Row> = fc.oneof(
    fc.record({
      workflow: fc.constantFrom(...WORKFLOWS),
      lane: fc.constant('review'),
      circle: fc.constantFrom(...CIRCLES),
      person,
      role: fc.constantFrom('holder', 'delegate'),
      until,
    }),
    fc.record({
      workflow: fc.constantFrom(...WORKFLOWS),
      lane: fc.constantFrom(...LANES),
      circle: fc.constant(''),
      person,
      role: fc.constantFrom('holder', 'deputy', 'deputy', 'delegate'),
      until,
    }),
    fc.record({
      workflow: fc.constant(''),
      lane: fc.constant('admin'),
      circle: fc.constant(''),
      person,
      role: fc.constant('holder'),
      until: fc.constant(null),
    }),
  )
  /** Some of these keys, and not the others. */
  const some = <T extends object>(of: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(of, { requiredKeys: [] })
  const ids = fc.array(person, { maxLength: 2 }).map((list) => list.map((n) => people[n]!))
  const subject = some({
    workflow: fc.constantFrom(...WORKFLOWS, 'w3', ''),
    class: fc.constantFrom(...EXCEPTION_CLASSES),
    circle: fc.constantFrom(...CIRCLES),
    excluded: ids,
    authors: fc.oneof(ids, fc.constant(null)),
    approvedBy: ids,
    door: fc.constantFrom('scope', 'new-rule', 'input-path', 'manual-fallback'),
    personId: person.map((n) => people[n]!),
    lane: fc.constantFrom('review', 'data', 'workflow', 'admin'),
    isLive: fc.boolean(),
    untilDealCloses: fc.boolean(),
    workflows: fc.subarray(WORKFLOWS),
  }) as fc.Arbitrary<Subject>
  const actor: fc.Arbitrary<Actor> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('person' as const),
        // Dot and Eve hold nothing; Eve has ended.
        personId: fc.nat({ max: 4 }).map((n) => people[n]!),
        strength: fc.constantFrom('strong', 'strong', 'server', 'weak', 'sandbox', 'only-pauses'),
        signedInAtMs: fc.constantFrom(Date.now(), 0),
        isActive: fc.constant(true),
        isActiveInCrm: fc.constantFrom<boolean | 'no-user' | null>(true, true, 'no-user', false, null),
      }),
    },
    fc.constant<Actor>({ kind: 'terminal' }),
    fc.constant<Actor>({ kind: 'lanekeeper' }),
    fc.constant<Actor>({ kind: 'token', tokenId: 't', workflow: 'w1', scopes: ['read', 'ask-for-pause'] }),
  )

  it('is what it says of each alone, whoever holds what', async (t) => {
    await sql`update person set ended_at = now() where name = 'Eve'`.execute(test.db)
    let asked = 0
    let allowed = 0
    const property = fc.asyncProperty(
      fc.array(row, { maxLength: 14 }),
      fc.constantFrom<Act>(...ACTS),
      fc.array(subject, { minLength: 1, maxLength: 12 }),
      fc.array(actor, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (rows, act, subjects, actors, hasIssuer) => {
        await holdNow(rows, hasIssuer)
        for (const one of actors) {
          const each = await Promise.all(subjects.map((about) => verdictOn(test.db, one, act, about)))
          const all = await mayActAll(test.db, one, act, subjects)
          assert.deepEqual(
            all,
            each.map((verdict) => verdict.allowed),
          )
          asked += all.length
          allowed += all.filter(Boolean).length
        }
      },
    )
    await fc.assert(property, { numRuns: RUNS })
    t.diagnostic(`${asked} compared, ${allowed} allowed`)
    assert.ok(allowed > asked / 50, 'too few of them say yes to compare much')
  })

  async function holdNow(rows: readonly Row[], hasIssuer: boolean): Promise<void> {
    await sql`delete from lane_holder`.execute(test.db)
    await sql`delete from identity`.execute(test.db)
    for (const { workflow, lane, circle, person: n, role, until: end } of rows) {
      await sql`insert into lane_holder (workflow, lane, circle, person_id, role, until)
        values (${workflow}, ${lane}, ${circle}, ${people[n]!}, ${role}, clock_timestamp() + ${end}::interval)
        on conflict do nothing`.execute(test.db)
    }
    if (!hasIssuer) return
    await sql`insert into identity (person_id, kind, issuer, subject, state)
      values (${people[3]!}, 'oidc', 'https://id.example', 's', 'confirmed')`.execute(test.db)
  }
})
