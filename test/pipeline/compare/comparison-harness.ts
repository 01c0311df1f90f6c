import assert from 'node:assert/strict'
import { sql } from 'kysely'

import type { CrmClient } from '../../../src/crm/crm-client.ts'
import type { Crm } from '../../../src/model/record/change-event.ts'
import { compareRecords } from '../../../src/pipeline/compare/compare-records.ts'
import type { ComparisonDependencies } from '../../../src/pipeline/compare/comparison-run.ts'
import { recheckRereads, rereadDifferences } from '../../../src/pipeline/compare/recheck-differences.ts'
import { importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { refreshBatch } from '../../../src/pipeline/read/refresh.ts'
import { claimComparison, releaseComparison, requestComparison } from '../../../src/store/compare/comparisons.ts'
import { saveBaseline } from '../../../src/store/connections/baseline.ts'
import { listNotices } from '../../../src/store/notices/notices.ts'
import { contactPolicy, pipelineHarness, staff, TUESDAY_MS } from '../harness.ts'
import { PolledCrm } from '../read/polled-crm.ts'

export const DAY = 86_400_000

export type Compared = Awaited<ReturnType<typeof compared>>

/** A connection whose CRM has records with modification times, and what the worker does to compare them. */
export async function compared(crmName: Crm = 'hubspot') {
  const h = await pipelineHarness((crm) => {
    staff(crm)
    return [contactPolicy()]
  }, crmName)
  let nowMs = TUESDAY_MS
  const crm = new PolledCrm(h.crm, () => nowMs)
  const connection = { ...h.connection, title: 'Fake', feed: 'push' as const, baseline: { done: false, objects: {} } }
  const fieldsOf = () => ({ fields: ['country', 'firstname', 'lastmodifieddate'], historyFields: [] })
  const deps = (change: Partial<ComparisonDependencies> = {}): ComparisonDependencies => ({
    db: h.db,
    client: crm.client(),
    connection,
    fieldsOf,
    count: async () => null,
    instance: 'test',
    nowMs: () => nowMs,
    onReread: () => undefined,
    signal: new AbortController().signal,
    graceS: 0,
    patienceMs: 0,
    ...change,
  })
  const t = {
    ...h,
    crm,
    deps,
    advance(ms: number) {
      nowMs += ms
    },
    async baseline() {
      await saveBaseline(h.db, connection.id, { done: false, objects: {} })
      await importBaseline({
        ...deps(),
        connection,
        onPage: () => undefined,
      })
      await h.apply()
    },
    async compare(by: 'clock' | 'person' = 'person', depth: 'recent' | 'full' = 'full', change = {}) {
      await requestComparison(h.db, connection.id, by, depth)
      return t.goOn(change)
    },
    async goOn(change: Partial<ComparisonDependencies> = {}, instance = 'test') {
      assert.equal(await claimComparison(h.db, connection.id, instance), true)
      try {
        return await compareRecords(deps({ ...change, instance }))
      } finally {
        await releaseComparison(h.db, connection.id, instance)
      }
    },
    async out() {
      const { rows } = await sql<{ key: string }>`
        select object_type || '/' || record_id || ' ' || why as key from difference
        where differs_since is not null order by 1`.execute(h.db)
      return rows.map((row) => row.key)
    },
    async days(object = 'contacts') {
      const { rows } = await sql<{ day: string; crm: number; ours: number; same: boolean }>`
        select day, crm_count as crm, our_count as ours, crm_digest = our_digest as same from comparison_day
        where run = 0 and object_type = ${object} order by day`.execute(h.db)
      return rows.map((row) => `${row.day} ${row.crm}/${row.ours} ${row.same ? 'same' : 'other'}`)
    },
    /** What the workers do with records that are read again, until nobody waits. */
    async reread(which = {}) {
      const asked = await rereadDifferences(h.db, connection.id, which)
      await t.resolveRereads()
      return asked
    },
    async resolveRereads({ client }: { client?: CrmClient } = {}) {
      for (let round = 0; round < 8; round += 1) {
        await h.apply()
        await sql`update record set read_after = null`.execute(h.db)
        while ((await refreshBatch(deps())).taken > 0) await h.apply()
        await sql`update difference set rechecked_at = rechecked_at - interval '1 hour'`.execute(h.db)
        await recheckRereads(deps(client && { client }))
      }
    },
    async recovered() {
      const { rows } = await sql<{ detail: string; n: number }>`
        select detail, n from counter where name = 'poll-recovered' order by detail`.execute(h.db)
      return Object.fromEntries(rows.map((row) => [row.detail, row.n]))
    },
    async noticed() {
      const notices = await listNotices(h.db, { connectionId: connection.id, limit: 10 })
      return notices.find(({ code }) => code === 'out-of-sync')
    },
  }
  return t
}
