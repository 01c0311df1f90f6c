import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { readOverview } from '../../src/api/overview/read-overview.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { previewBacklog } from '../../src/store/decisions/backlog-view.ts'
import { applyBacklog } from '../support/apply-backlog.ts'
import { markRules } from '../support/mark-rules.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, type Harness, versionOf } from './harness.ts'

const settling = (): Policy => {
  const policy = contactPolicy()
  return {
    ...policy,
    boundary: [{ ...policy.boundary[0]!, settles: ['orphaned-owner'] }] as unknown as Policy['boundary'],
  }
}

async function publish(h: Harness, policy: Policy): Promise<void> {
  await publishPolicies(h.db, {
    loaded: [{ file: 'routing.yaml', source: '', version: versionOf(policy) }],
    refused: [],
  })
  await markRules(h.db, policy)
  await h.settle()
  if ((await previewBacklog(h.db, policy.workflow)) === null) return
  await applyBacklog(h.db)
  await h.settle()
}

describe('cases that end', () => {
  const { start } = decisionStage()

  async function withOrphans(n: number): Promise<Harness> {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    for (let i = 1; i <= n; i += 1) {
      await h.receive(contact(h, String(i), { firstname: `C${i}`, country: 'DE', hubspot_owner_id: left }))
    }
    await h.settle()
    return h
  }

  it('are opened once and closed once by the rule where a rule settles them after they were open', async () => {
    const h = await withOrphans(5)
    assert.equal((await h.openExceptions()).length, 5)
    assert.equal(h.crm.openTasks().length, 1)
    await publish(h, settling())
    assert.deepEqual(
      await rowsOf(
        h,
        sql`select status, settled_by_rule is not null as "byRule", count(*)::int as n,
      bool_and(task_id is not null) as "keptItsTask" from exception group by 1, 2`,
      ),
      [{ status: 'settled-by-rule', byRule: true, n: 5, keptItsTask: true }],
    )
    const { last7Days, hours, open } = await readOverview(h.db, new Date())
    assert.deepEqual(last7Days, { opened: 5, fixedByRules: 5, fixedInCrm: 0, endedOtherwise: 0 })
    const total = (pick: (point: (typeof hours)[number]) => number) => hours.reduce((sum, one) => sum + pick(one), 0)
    assert.equal(
      total(({ opened }) => Object.values(opened).reduce((a, b) => a + b, 0)),
      5,
    )
    assert.deepEqual([total((p) => p.ended.rules), total((p) => p.ended.crm), total((p) => p.ended.other)], [5, 0, 0])
    assert.equal(open.total, 0)
    assert.deepEqual(h.crm.openTasks(), [])
    assert.match([...h.crm.tasks.values()].at(-1)!.body, /a rule now decides this case/)
    // The ledger tells it of the same case.
    assert.deepEqual(
      await rowsOf(
        h,
        sql`select kind, count(distinct body::jsonb->>'exception')::int as cases from ledger
        where kind like 'exception-%' group by kind order by kind`,
      ),
      [
        { kind: 'exception-opened', cases: 5 },
        { kind: 'exception-settled', cases: 5 },
      ],
    )
  })

  it('are opened once where a rule settles them as they are found', async () => {
    const h = await start(settling())
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: left }))
    await h.settle()
    assert.deepEqual((await readOverview(h.db, new Date())).last7Days, {
      opened: 1,
      fixedByRules: 1,
      fixedInCrm: 0,
      endedOtherwise: 0,
    })
  })

  it('count as fixed in the CRM where the record was put right there, and as neither where nothing is left to decide', async () => {
    const h = await withOrphans(3)
    await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'rep@x.example') }))
    await h.receive({ ...h.crm.change('contacts', '2', {}), kind: 'deleted' })
    await h.settle()
    assert.deepEqual((await readOverview(h.db, new Date())).last7Days, {
      opened: 3,
      fixedByRules: 0,
      fixedInCrm: 1,
      endedOtherwise: 1,
    })
  })

  it('that come back after a rule settled them say that they were open before', async () => {
    const h = await withOrphans(1)
    await publish(h, settling())
    await publish(h, contactPolicy())
    const gone = h.crm.person('gone@x.example', { active: false })
    await h.people()
    await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: gone }))
    await h.settle()
    assert.deepEqual(await rowsOf(h, sql`select reopened from exception where status = 'open'`), [{ reopened: 1 }])
  })
})
