import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { readMatrix } from '../../src/api/workflows/read-matrix.ts'
import type { Actor } from '../../src/model/authority/acts.ts'
import { markedContent, markedHash } from '../../src/model/policy/marks.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { endExamples } from '../../src/publishing/end-examples.ts'
import { MarkError } from '../../src/publishing/mark-error.ts'
import { agreeToMark, endMark, type MarkProposal, proposeMark } from '../../src/publishing/mark-rule.ts'
import type { Database } from '../../src/store/database/database.ts'
import { policiesInForce } from '../../src/store/decisions/policies.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { STATEMENTS } from '../../src/store/migrations/0033-marks.ts'
import { allMarks, findMark } from '../../src/store/publishing/marks.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { markRules } from '../support/mark-rules.ts'
import { type Company, company, narrower } from './company.ts'

let test: TestDatabase
let db: Database
let own: Company

async function begin() {
  test = await testDatabase()
  db = test.db
  own = await company(db)
}
const end = () => test?.drop()

const refused = (code: string) => (error: unknown) => error instanceof RefusedError && error.verdict.code === code
const problem = (of: string) => (error: unknown) => error instanceof MarkError && error.problem === of

const of = (over: Partial<MarkProposal> = {}): MarkProposal => ({
  workflow: 'lead-routing',
  rule: 'canada-enterprise',
  class: 'risky',
  reason: 'Agreed in May.',
  days: 180,
  ...over,
})
const marksNow = async () => {
  const found = (await policiesInForce(db)).find(({ policy }) => policy.workflow === 'lead-routing')!
  return (found.policy.marks ?? []).map(({ rule, class: name }) => `${rule}/${name}`)
}
const edited = (text: string) =>
  text.replace(
    'in: [CA] }\n          - { field: fact.employees, range: { from: 500 }',
    'in: [CA] }\n          - { field: fact.employees, range: { from: 400 }',
  )

describe('marking a rule', () => {
  beforeEach(begin)
  afterEach(end)

  it('takes the boundary owner and a second person, in either order, and lets from the second yes on', async () => {
    const { boundary, data, reviewer } = own.people
    for (const [first, second, rule] of [
      [boundary, data, 'canada-enterprise'],
      [reviewer, boundary, 'canada-commercial'],
    ] as const) {
      const id = await proposeMark(db, first, of({ rule }))
      assert.equal((await marksNow()).includes(`${rule}/risky`), false, 'one yes lets nothing')
      await assert.rejects(agreeToMark(db, first, id), refused('approved-before'))
      const { rows } = await sql<{
        n: number
      }>`select jobs_revision as n from workflow where workflow = 'lead-routing'`.execute(db)
      await agreeToMark(db, second, id)
      assert.equal((await marksNow()).includes(`${rule}/risky`), true)
      const after = await sql<{
        n: number
      }>`select jobs_revision as n from workflow where workflow = 'lead-routing'`.execute(db)
      assert.ok(after.rows[0]!.n > rows[0]!.n, 'workers read the policy again')
    }
    assert.equal((await verifyLedger(db)).ok, true)
    const says = (await readMatrix(db, 'lead-routing'))?.rows.map(
      ({ class: name, rules }) => [name, rules.says] as const,
    )
    assert.match(new Map(says).get('risky')!, /^Yes, 2 rules, until /, 'the picture of the workflow shows it')
    const { rows } = await sql<{ kind: string }>`select kind from ledger where kind like 'mark-%' order by seq`.execute(
      db,
    )
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['mark-proposed', 'mark-agreed', 'mark-proposed', 'mark-agreed'],
    )
  })

  it('refuses everybody else, changes nothing then, and notes it', async () => {
    const { boundary, data, admin, override } = own.people
    const stranger = await own.person('Stranger')
    const weak: Actor = { ...boundary, strength: 'weak' }
    const old: Actor = { ...boundary, signedInAtMs: boundary.signedInAtMs - 20 * 60_000 }
    const token: Actor = { kind: 'token', tokenId: 't', workflow: 'lead-routing', scopes: ['propose', 'read'] }
    const refusals: [Actor, string][] = [
      [stranger, 'not-named'],
      [admin, 'not-named'],
      [weak, 'weak-sign-in'],
      [token, 'machine'],
      [{ kind: 'terminal' }, 'machine'],
      [{ ...boundary, isActive: false }, 'inactive'],
    ]
    for (const [actor, code] of refusals) await assert.rejects(proposeMark(db, actor, of()), refused(code), code)
    void old
    const id = await proposeMark(db, boundary, of())
    for (const [actor, code] of refusals.slice(0, 2)) await assert.rejects(agreeToMark(db, actor, id), refused(code))
    await assert.rejects(agreeToMark(db, { ...data, strength: 'weak' }, id), refused('weak-sign-in'))
    assert.deepEqual(await marksNow(), [])
    assert.equal((await sql`select 1 from mark`.execute(db)).rows.length, 1)
    assert.equal((await sql`select 1 from ledger where kind = 'refused'`.execute(db)).rows.length, 9)
    await agreeToMark(db, override, id)
    await assert.rejects(
      agreeToMark(db, data, id),
      (error) => error instanceof MarkError || error instanceof RefusedError,
    )
  })

  it('is no second person’s who wrote the rule, and may be a boundary owner’s who did', async () => {
    const { data, boundary, reviewer } = own.people
    const draft = await own.draft(data, edited(own.text))
    await own.approve(boundary, draft)
    await own.approve(reviewer, draft)
    await own.publish()
    const id = await proposeMark(db, boundary, of())
    await assert.rejects(agreeToMark(db, data, id), refused('author'))
    // Of another rule of the same version they are no author.
    const other = await proposeMark(db, boundary, of({ rule: 'canada-commercial' }))
    await agreeToMark(db, data, other)
    await agreeToMark(db, reviewer, id)
    assert.deepEqual(await marksNow(), ['canada-enterprise/risky', 'canada-commercial/risky'])
  })

  it('is refused while a job is vacant, also the second yes', async () => {
    const { boundary, data } = own.people
    const id = await proposeMark(db, boundary, of())
    const vacancy = [{ kind: 'vacant', job: 'data', problem: 'Nobody has the job "data"' }]
    await sql`update workflow set problems = ${JSON.stringify(vacancy)}::jsonb where workflow = 'lead-routing'`.execute(
      db,
    )
    await assert.rejects(proposeMark(db, boundary, of({ class: 'customer-facing' })), problem('vacant'))
    await assert.rejects(agreeToMark(db, data, id), problem('vacant'))
    assert.deepEqual(await marksNow(), [])
    await sql`delete from lane_holder where lane = 'boundary'`.execute(db)
    await assert.rejects(proposeMark(db, data, of({ class: 'customer-facing' })), refused('vacant'))
  })

  it('is refused for a rule that is not there, that settles nothing, that waits already, or that changed since', async () => {
    const { boundary, data, reviewer } = own.people
    await assert.rejects(proposeMark(db, boundary, of({ rule: 'nowhere' })), problem('no-rule'))
    await assert.rejects(proposeMark(db, boundary, of({ workflow: 'nowhere' })), problem('no-rule'))
    const id = await proposeMark(db, boundary, of())
    await assert.rejects(proposeMark(db, data, of()), problem('proposed'))
    await proposeMark(db, data, of({ class: 'customer-facing' }))
    const draft = await own.draft(data, edited(own.text))
    await own.approve(boundary, draft)
    await own.approve(reviewer, draft)
    await own.publish()
    await assert.rejects(agreeToMark(db, reviewer, id), problem('rule-changed'))
    await assert.rejects(agreeToMark(db, reviewer, 999), problem('no-mark'))
  })

  it('does not count the yes of somebody who may no longer give it', async () => {
    const { boundary, data, override } = own.people
    const id = await proposeMark(db, data, of())
    await sql`delete from lane_holder where person_id = ${data.personId}`.execute(db)
    await assert.rejects(agreeToMark(db, override, id), problem('proposer-gone'))
    await assert.rejects(agreeToMark(db, boundary, id), problem('proposer-gone'))
    assert.deepEqual(await marksNow(), [])
  })

  it('gives one mark where two agree at the same moment', async () => {
    const { boundary, data, reviewer } = own.people
    const id = await proposeMark(db, boundary, of())
    const outcomes = await Promise.allSettled([agreeToMark(db, data, id), agreeToMark(db, reviewer, id)])
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.deepEqual(await marksNow(), ['canada-enterprise/risky'])
  })

  it('is taken back by the boundary or the rollback owner alone', async () => {
    const { boundary, data, rollback, workflow } = own.people
    for (const by of [boundary, rollback]) {
      const id = await proposeMark(db, boundary, of())
      await agreeToMark(db, data, id)
      await assert.rejects(endMark(db, workflow, id, 'No longer'), refused('not-named'))
      await endMark(db, by, id, 'No longer')
      assert.deepEqual(await marksNow(), [])
      const mark = await findMark(db, id)
      assert.deepEqual([mark?.endedBy, mark?.endReason], [`person:${by.personId}`, 'No longer'])
      await assert.rejects(endMark(db, by, id, 'No longer'), problem('over'))
    }
  })

  it('decides whether a higher class narrows: not where a rule is marked for it and for none below', async () => {
    const { boundary, data } = own.people
    const alone = await own.draft(data, narrower(own.text))
    assert.deepEqual(await own.approve(boundary, alone), { isApproved: true })
    await own.publish()
    await own.seed()
  })

  it('of a class that a draft raises makes that draft take two', async () => {
    const { boundary, data } = own.people
    const id = await proposeMark(db, boundary, of({ class: 'customer-facing' }))
    await agreeToMark(db, data, id)
    const draft = await own.draft(data, narrower(own.text))
    assert.deepEqual(await own.approve(boundary, draft), { isApproved: false })
  })
})

describe('a mark of the sandbox’s cast', () => {
  beforeEach(begin)
  afterEach(end)

  it('ends with the examples, so that a copied rule is nobody’s mark with an own CRM', async () => {
    const leads = (await policiesInForce(db)).find(({ policy }) => policy.workflow === 'lead-routing')!.policy
    await markRules(db, leads, { origin: 'sandbox' })
    assert.ok((await marksNow()).length > 5)
    await endExamples(db)
    assert.deepEqual(await allMarks(db), [])
    const { rows } = await sql`select distinct end_reason as reason from mark`.execute(db)
    assert.deepEqual(rows, [{ reason: 'examples-ended' }])
  })
})

describe('an upgrade from before marks', () => {
  beforeEach(begin)
  afterEach(end)

  it('marks for 30 days what rules settled until then, with the hash that the model computes, so nothing changes at once', async () => {
    await sql`drop table mark cascade`.execute(db)
    await sql`drop function keep_marks()`.execute(db)
    // A version of before: two branches of strange texts, one of them with what was a mark of then.
    const strange = [
      {
        id: 'q"u\\o\n\u0001te',
        when: [{ field: 'fact.country', op: 'in', values: ['Ö', 'a', 'Z', '\u{1F600}'] }],
        owner: 'a@x.example',
        because: 'x',
      },
      {
        id: 'days',
        when: [{ field: 'created', op: 'older-than', days: 1.5 }],
        owner: { queue: 'Café "1"' },
        because: 'x',
      },
    ]
    await sql`update policy_version set document = jsonb_set(jsonb_set(document, '{boundary,1,settlesClasses}', '["unknown", "customer-facing"]'),
      '{boundary,1,rules}', (document #> '{boundary,1,rules}') || ${JSON.stringify(strange)}::jsonb) where workflow = 'lead-routing'`.execute(
      db,
    )
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
    const policies = await policiesInForce(db)
    for (const { policy } of policies) {
      const settling = policy.boundary.filter(({ settles }) => settles.length > 0).flatMap(({ rules }) => rules)
      const classes = policy.workflow === 'lead-routing' ? ['risky', 'customer-facing'] : ['risky']
      const expected = settling.flatMap(({ id }) => classes.map((name) => `${id}/${name}`))
      assert.ok(expected.length > 5)
      assert.deepEqual(
        (policy.marks ?? []).map(({ rule, class: name }) => `${rule}/${name}`),
        expected,
        policy.workflow,
      )
    }
    const leads = policies.find(({ policy }) => policy.workflow === 'lead-routing')!.policy
    const [branch] = leads.boundary.filter(({ settles }) => settles.length > 0)
    const hashes = new Set((await allMarks(db)).map(({ ruleHash }) => ruleHash))
    for (const rule of branch!.rules) assert.ok(hashes.has(markedHash(markedContent(branch!, rule))), rule.id)
    const { rows } = await sql<{ days: number; origin: string; by: string }>`
      select distinct round(extract(epoch from ends_at - proposed_at) / 86400)::int as days, origin, proposed_by as by from mark`.execute(
      db,
    )
    assert.deepEqual(rows, [{ days: 30, origin: 'before-people', by: 'lanekeeper' }])
  })
})
