import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import type { Harness } from './harness.ts'

describe('what changed about a case', () => {
  const { start } = decisionStage()

  const changes = (h: Harness) =>
    rowsOf(
      h,
      sql<{ status: string; facts: unknown; dated: boolean }>`select status, changed_facts as facts,
        facts_changed_at is not null as dated from exception where pattern = 'no-rule' order by id`,
    )
  const around = async (h: Harness, fields: Record<string, string | null>) => {
    await h.receive(h.crm.change('contacts', '1', fields))
    await h.settle()
  }
  /** A contact that no rule covers, with the case of it. */
  const uncovered = async () => {
    const h = await start()
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    return h
  }
  const OPEN = { status: 'open', facts: null, dated: false }

  it('is kept with the case, from what to what, and the last change counts', async () => {
    const h = await uncovered()
    assert.deepEqual(await changes(h), [OPEN])
    await around(h, { country: 'ES' })
    assert.deepEqual(await changes(h), [
      { status: 'open', facts: [{ name: 'country', before: 'FR', after: 'ES' }], dated: true },
    ])
    await around(h, { country: 'IT' })
    assert.deepEqual((await changes(h))[0]!.facts, [{ name: 'country', before: 'ES', after: 'IT' }])
  })

  it('is nothing where something else of the record changes', async () => {
    const h = await uncovered()
    await around(h, { firstname: 'Anna' })
    assert.deepEqual(await changes(h), [OPEN])
  })

  it('of a case that is back is what changed since it was closed, and nothing where it is as it was', async () => {
    const h = await uncovered()
    const owner = userId(h, 'rep@x.example')
    await around(h, { hubspot_owner_id: owner })
    await around(h, { hubspot_owner_id: null })
    await around(h, { hubspot_owner_id: owner })
    await around(h, { hubspot_owner_id: null, country: 'IT' })
    assert.deepEqual(
      (await changes(h)).map(({ status, facts }) => [status, facts]),
      [
        ['resolved', null],
        ['resolved', null],
        ['open', [{ name: 'country', before: 'FR', after: 'IT' }]],
      ],
    )
  })

  it('goes with an erasure', async () => {
    const h = await uncovered()
    await around(h, { country: 'ES' })
    await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'erased', fields: {} })
    await h.settle()
    assert.deepEqual((await changes(h))[0]!.facts, null)
  })
})
