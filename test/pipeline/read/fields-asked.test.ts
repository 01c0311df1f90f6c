import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'

import type { ChangedPage, ChangedSince, CrmClient } from '../../../src/crm/crm-client.ts'
import { fieldsNeeded } from '../../../src/model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../../src/model/policy/policy.ts'
import type { ChangeEvent, Crm } from '../../../src/model/record/change-event.ts'
import { decideBatch } from '../../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../../src/pipeline/decide/publish-policies.ts'
import { type ImportDependencies, importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../../src/pipeline/read/poll-changes.ts'
import { saveBaseline } from '../../../src/store/connections/baseline.ts'
import { listConnections } from '../../../src/store/connections/connections.ts'
import { isResyncWaiting } from '../../../src/store/records/watermarks.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS, versionOf } from '../harness.ts'

const AT_MS = TUESDAY_MS - 86_400_000
const IDS = ['1', '2', '3']
/** The CRM has both. */
const CONTACT = { createdate: '2026-11-20T08:00:00.000Z', country: 'DE', vat_id: 'DE123' } as Record<string, string>

describe('a field that a workflow needs only from now on', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [needing('country')]
    })
    started.push(h)
    await saveBaseline(h.db, h.crm.connectionId, { done: false, objects: {} })
    return h
  }

  it('is unknown for what was read without it, and is read from the start: never taken for blank', async () => {
    const h = await start()
    const before = needing('country')
    await importBaseline(await reading(h, before))
    await h.apply()
    await h.decide()
    assert.deepEqual(await missing(h), [])

    const now = needing('country', 'vat_id')
    await publish(h, now)
    await decide(h)
    assert.deepEqual(await missing(h), [])
    assert.deepEqual(await h.unknownInputs(), { 'contacts/vat_id/not-read': 3 })

    await pollChanges(await reading(h, now))
    await h.apply()
    await decide(h)
    assert.deepEqual(await missing(h), [])
    assert.deepEqual(await h.unknownInputs(), {})
    assert.equal(await isResyncWaiting(h.db, h.crm.connectionId), false)
    await publish(h, now)
    await publish(h, before)
    assert.equal(await isResyncWaiting(h.db, h.crm.connectionId), false, 'nothing new is needed')
  })

  it('that one page of the import withholds stays unknown where it was withheld, whatever the last page had', async () => {
    const h = await start()
    const now = needing('country', 'vat_id')
    await publish(h, now)
    await importBaseline({ ...(await reading(h, now)), client: pages(h, () => undefined, '1') })
    await h.apply()
    await decide(h)
    const { rows } = await sql`select unreadable from object_schema where object_type = 'contacts'`.execute(h.db)
    assert.deepEqual(rows, [{ unreadable: ['vat_id'] }])
    assert.deepEqual(await missing(h), [])
    assert.deepEqual(await h.unknownInputs(), { 'contacts/vat_id/hidden': 3 })
  })

  it('is read of the first pages too when the import was in the middle of it', async () => {
    const h = await start()
    const stop = new AbortController()
    const before = await reading(h, needing('country'))
    await importBaseline({ ...before, signal: stop.signal, client: pages(h, (n) => n === 2 && stop.abort()) })

    const now = needing('country', 'vat_id')
    await publish(h, now)
    await importBaseline(await reading(h, now))
    await h.apply()
    await decide(h)
    assert.deepEqual(await h.unknownInputs(), { 'contacts/vat_id/not-read': 2 })
    await pollChanges(await reading(h, now))
    await h.apply()
    await decide(h)
    assert.deepEqual(await h.unknownInputs(), {})
  })
})

function needing(...fields: string[]): Policy {
  return contactPolicy({ patterns: [{ pattern: 'missing-field', fields, graceMinutes: 30 }] })
}

function publish(h: Harness, policy: Policy) {
  return publishPolicies(h.db, {
    loaded: [{ file: 'routing.yaml', source: '', version: versionOf(policy) }],
    refused: [],
  })
}

async function reading(h: Harness, policy: Policy): Promise<ImportDependencies> {
  const connection = (await listConnections(h.db)).find(({ id }) => id === h.crm.connectionId)!
  return {
    db: h.db,
    client: pages(h),
    connection,
    fieldsOf: (crm: Crm, objectType: string) => fieldsNeeded([policy], crm, objectType),
    nowMs: () => TUESDAY_MS,
    onPage: () => undefined,
    signal: new AbortController().signal,
  }
}

/** One contact per page, each with exactly what was asked for. */
function pages(h: Harness, onPage: (n: number) => void = () => undefined, withheldOf = ''): CrmClient {
  let n = 0
  return {
    ...h.crm.client(),
    async changedSince({ objectType, sinceMs, cursor, fields, source }: ChangedSince): Promise<ChangedPage> {
      if (objectType !== 'contacts' || sinceMs > AT_MS) return { events: [], cursor: null, unreadable: [], total: null }
      n += 1
      onPage(n)
      const at = Number(cursor ?? 0)
      const isWithheld = IDS[at] === withheldOf
      const event: ChangeEvent = {
        connectionId: h.crm.connectionId,
        dedupeKey: `read/${IDS[at]}/${fields.join()}`,
        objectType,
        recordId: IDS[at]!,
        kind: source === 'baseline' ? 'created' : 'changed',
        occurredAtMs: AT_MS,
        order: 0,
        fields: Object.fromEntries(
          fields.filter((field) => !isWithheld || field !== 'vat_id').map((field) => [field, CONTACT[field] ?? null]),
        ),
        complete: true,
        source,
        actor: { kind: 'unknown', id: null, ours: false },
      }
      const unreadable = isWithheld ? ['vat_id'] : []
      return { events: [event], cursor: at + 1 < IDS.length ? String(at + 1) : null, unreadable, total: null }
    },
  }
}

async function decide(h: Harness): Promise<void> {
  const deps = { db: h.db, workflows: h.workflows, nowMs: () => TUESDAY_MS }
  for (let more = true; more; ) {
    const { taken, more: isMore } = await decideBatch(h.connection, deps)
    more = isMore || taken > 0
  }
}

async function missing(h: Harness): Promise<{ id: string; class: string; what: string }[]> {
  const { rows } = await sql<{ id: string; class: string; what: string }>`
    select record_id as id, class, what from exception
    where status = 'open' and pattern = 'missing-field' order by 1`.execute(h.db)
  return rows
}
