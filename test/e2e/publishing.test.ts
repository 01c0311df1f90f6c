import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Actor, Lane } from '../../src/model/authority/acts.ts'
import { approveDraft } from '../../src/publishing/approve-draft.ts'
import { makeDraft } from '../../src/publishing/edit-draft.ts'
import { databaseNowMs } from '../../src/store/database/clock.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { findDraft } from '../../src/store/publishing/drafts.ts'
import { narrower, withoutJapan } from '../publishing/company.ts'
import { SHIPPED } from '../support/config-copy.ts'
import { one, quiet, rows, startTestStack, type TestStack, until } from './stack.ts'

const DOCUMENT = 'workflow:lead-routing' as const
/** From the last approval until every process decides by the version. */
const FOLLOWED_WITHIN_MS = 5_000

/** The whole product as processes; what a person does is done here as the console's routes do it. */
describe('publishing while everything runs', { timeout: 240_000 }, () => {
  let test: TestStack
  let text: string

  before(async () => {
    text = await readFile(join(SHIPPED, 'workflows/lead-routing.yaml'), 'utf8')
    test = await startTestStack()
    await quiet(test)
  })
  after(() => test?.stop())

  const holderOf = async (lane: Lane): Promise<Actor> => {
    const held = await rows<{ id: string }>(
      test.db,
      sql`select person_id as id from lane_holder where workflow = 'lead-routing' and lane = ${lane} limit 1`,
    )
    const personId = held[0]?.id ?? (await createPerson(test.db, { name: lane, madeBy: 'terminal' }))
    if (held.length === 0) {
      await sql`insert into lane_holder (workflow, lane, person_id, role)
        values ('lead-routing', ${lane}, ${personId}, 'holder')`.execute(test.db)
    }
    const signedInAtMs = await databaseNowMs(test.db)
    return { kind: 'person', personId, strength: 'strong', signedInAtMs, isActive: true, isActiveInCrm: true }
  }
  const openOrphans = () =>
    one<{ n: number; changed: number }>(
      test.db,
      sql`select count(*)::int as n, count(*) filter (where class not in ('expected', 'risky'))::int as changed from exception
        where workflow = 'lead-routing' and pattern = 'orphaned-owner' and status = 'open'`,
    )

  it('decides by a version within five seconds of the last approval, without a restart', async () => {
    const [author, boundary, second] = await Promise.all([holderOf('data'), holderOf('boundary'), holderOf('workflow')])
    const before = await one<{ hash: string; beats: number }>(
      test.db,
      sql`select hash, (select count(*)::int from process_beat) as beats from workflow where workflow = 'lead-routing'`,
    )
    const source = withoutJapan(narrower(text))
    const id = await makeDraft(test.db, author, { document: DOCUMENT, source })
    const hash = (await findDraft(test.db, id))!.hash!
    await approveDraft(test.db, boundary, { id, hash })
    assert.deepEqual(await approveDraft(test.db, second, { id, hash }), { isApproved: true })
    const approvedAtMs = performance.now()
    await until('the version in force', async () => (await findDraft(test.db, id))?.state === 'in-force')
    const inForceMs = performance.now() - approvedAtMs
    const decidedUnder = sql<{ n: number }>`select count(*)::int as n from ledger
      where seq > (select max(seq) from ledger where kind = 'version-in-force') and actor <> 'terminal'`
    await until('a decision under it', async () => (await one<{ n: number }>(test.db, decidedUnder)).n > 0)
    const decidedMs = performance.now() - approvedAtMs
    process.stderr.write(
      `approved to in force ${inForceMs.toFixed(0)} ms, to the first decision ${decidedMs.toFixed(0)} ms\n`,
    )
    assert.ok(inForceMs < FOLLOWED_WITHIN_MS, `${inForceMs} ms`)
    const now = await one<{ hash: string }>(test.db, sql`select hash from workflow where workflow = 'lead-routing'`)
    assert.notEqual(now.hash, before.hash)
    await quiet(test)
    const { n, changed } = await openOrphans()
    assert.equal(changed, n, 'every open case is classed by the new version')
    assert.ok(
      test.logs.some((line) => line.includes('version in force')),
      'a worker said so',
    )
  })
})
