import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { ChangeEvent } from '../../src/model/record/change-event.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { storeAndApply } from '../../src/pipeline/apply/apply.ts'
import { CREATED, rowsOf, userId } from './contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

/** What an adapter should never hand over, each as an event of a record of its own. */
function hostileEvents(h: Harness): ChangeEvent[] {
  const event = (n: number, over: Partial<ChangeEvent>): ChangeEvent => ({
    ...h.crm.change('contacts', `bad-${n}`, { createdate: CREATED, country: 'DE', hubspot_owner_id: null }),
    ...over,
  })
  const text = (n: number, value: string) => event(n, { fields: { firstname: value, email: value, country: 'DE' } })
  return [
    event(1, { occurredAtMs: Number.NaN }),
    event(2, { occurredAtMs: Number.POSITIVE_INFINITY }),
    event(3, { occurredAtMs: 1.5 }),
    event(4, { occurredAtMs: 8.64e15 + 2 }),
    event(5, { order: Number.NaN }),
    event(6, { answersUntilMs: Number.NaN }),
    event(7, { fieldChangedAtMs: { country: Number.NaN } }),
    event(8, { ownerHistory: [{ owner: 'a\ud800', atMs: Number.NaN }] }),
    event(9, { actor: { kind: 'person', id: '\u0000', ours: false } }),
    event(10, { dedupeKey: 'key\u0000\ud800' }),
    event(11, { fields: { firstname: 7 as unknown as string, country: 'DE' } }),
    event(12, { fields: { hubspot_owner_id: 'x'.repeat(70_000) } }),
    text(13, 'a\u0000b'),
    text(14, '\udc00'),
    text(15, `${'a'.repeat(4_000)}@example.com`),
    text(16, 'x'.repeat(1_000_000)),
  ]
}

describe('C14: a hostile item among good ones', () => {
  const started: Harness[] = []
  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    started.push(h)
    return h
  }
  after(() => Promise.all(started.map((h) => h.stop())))

  const good = (h: Harness, id: string) =>
    h.crm.change('contacts', id, { createdate: CREATED, country: 'DE', hubspot_owner_id: null })
  const owners = (h: Harness, ...ids: string[]) =>
    ids.map((id) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id)

  it('received in one delivery costs no other: they are stored, decided and written', async () => {
    const h = await start()
    const [first, last] = [good(h, '1'), good(h, '2')]
    await h.receive(first, ...hostileEvents(h), last)
    await h.apply()
    await h.refresh()
    await h.decide()
    await h.act()
    const rep = userId(h, 'rep@x.example')
    assert.deepEqual(owners(h, '1', '2'), [rep, rep])
    const undated = await rowsOf<{ n: number }>(
      h,
      sql`select n::int as n from counter where name = 'record-failed' and detail like 'store:%'`,
    )
    assert.deepEqual(undated, [{ n: 4 }])
  })

  it('read in one page of the import costs no other: the page waits, and is taken apart', async () => {
    const h = await start()
    const page = [good(h, '1'), ...hostileEvents(h), good(h, '2')]
    await h.db.transaction().execute((trx) => storeAndApply(trx, h.connection, page))
    await h.apply()
    const known = await rowsOf<{ record_id: string }>(
      h,
      sql`select record_id from record where record_id in ('1', '2') order by 1`,
    )
    assert.deepEqual(
      known.map(({ record_id }) => record_id),
      ['1', '2'],
    )
  })

  it('in the answers of one call costs no other: every outcome is recorded', async () => {
    const h = await start()
    for (const id of ['1', '2', '3']) await h.receive(good(h, id))
    await h.apply()
    await h.refresh()
    await h.decide()
    const odd: CrmClient = {
      ...h.crm.client(),
      writeOwners: async (writes, gate) => {
        await gate?.ask(writes.map(({ key }) => key))
        return writes.map(({ key }, n) =>
          n === 1
            ? { key, outcome: 'refused', code: 'NO\u0000', why: 'broken \ud800 text' }
            : { key, outcome: 'done', id: key },
        )
      },
    }
    await actBatch({ ...h.actDependencies(), client: odd })
    const states = await rowsOf<{ state: string }>(h, sql`select state from intent where kind = 'owner' order by id`)
    assert.deepEqual(states.map(({ state }) => state).sort(), ['done', 'done', 'refused'])
  })

  it('among inputs that are not known costs no other: it is set aside, and the others are reported', async () => {
    const h = await start()
    await sql`
      insert into unknown_input (connection_id, crm, object_type, field, why, held, held_since, look_at)
      select ${h.connection.id}, 'hubspot', 'contacts', f, w, 1, now() - interval '1 hour', now() - interval '1 minute'
      from unnest(array['country', 'firstname'], array['hidden', 'hidden']) as x(f, w)`.execute(h.db)
    await sql`
      insert into held_record (connection_id, object_type, record_id, input_id, workflows)
      select ${h.connection.id}, 'contacts', '1', id, array['routing'] from unknown_input`.execute(h.db)
    await sql`
      create function fail_one() returns trigger language plpgsql as $$
      begin if new.title like '%country%' then raise exception 'bad' using errcode = '22000'; end if; return new; end $$`.execute(
      h.db,
    )
    await sql`create trigger fail_one before insert on exception for each row execute function fail_one()`.execute(h.db)
    await h.decide()
    const { reportUnknownInputs } = await import('../../src/pipeline/decide/report-unknown-inputs.ts')
    await reportUnknownInputs({ db: h.db, workflows: h.workflows, nowMs: Date.now })
    assert.deepEqual(
      (await h.openExceptions()).map(({ pattern }) => pattern),
      ['unknown-input'],
    )
  })
})
