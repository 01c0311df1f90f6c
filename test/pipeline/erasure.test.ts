import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import { eraseDue } from '../../src/pipeline/apply/erase-records.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { markDisconnected } from '../../src/store/lifecycle/end-connection.ts'
import { canaryIn } from '../support/canary.ts'
import { contact, rowsOf, userId, withHarness } from './contacts.ts'
import { contactPolicy, type Harness } from './harness.ts'

/** In every personal value of the tests, and nowhere else. */
const CANARY = 'canary'

const person = (over: object = {}) => ({
  firstname: 'Zoe-Canary',
  lastname: 'Canaryman',
  email: 'canary@secret.example',
  country: 'FR',
  hubspot_owner_id: null,
  ...over,
})

const patterns = [
  {
    pattern: 'duplicate-ownership',
    against: [{ crm: 'hubspot', object: 'contacts', subject: 'newer' }],
    againstAccountOwner: false,
  },
  ...contactPolicy().patterns,
] as unknown as Policy['patterns']

const withPeople = (work: (h: Harness) => Promise<void>) => withHarness(work, { patterns })

function erased(h: Harness, id: string) {
  const event = { ...h.crm.change('contacts', id, {}), kind: 'erased' as const, fields: {} }
  h.crm.records.delete(`contacts/${id}`)
  return event
}

async function assertGone(h: Harness): Promise<void> {
  assert.deepEqual(await canaryIn(h.db, CANARY), [])
  const { ok, firstBad } = await verifyLedger(h.db)
  assert.ok(ok, firstBad?.why)
}

describe('the erasure of a person', () => {
  it('part of promise 19: leaves nothing in any table, as soon as the event is folded, while another connection imports', () =>
    withPeople(async (h) => {
      const owned = { ...person(), country: 'DE', hubspot_owner_id: userId(h, 'rep@x.example') }
      await h.receive(contact(h, '1', person()), contact(h, '2', { ...owned, firstname: 'Ann', lastname: 'Plain' }))
      await h.settle()
      assert.ok((await canaryIn(h.db, CANARY)).length > 5, 'nothing to erase: the test proves nothing')
      await sql`insert into connection (id, crm, account_id, title, base_url) values ('other', 'hubspot', '2', 'Other', '')`.execute(
        h.db,
      )
      await h.receive(erased(h, '1'), erased(h, '2'))
      await h.apply()
      await assertGone(h)
    }))

  it('reaches the records that were merged into the erased one, chains included, with all that was made from them', () =>
    withPeople(async (h) => {
      await h.receive(contact(h, '1', person()), contact(h, '2', person()), contact(h, '3', person()))
      await h.settle()
      const merged = (into: string, ...ids: string[]) => ({
        ...h.crm.change('contacts', into, {}),
        kind: 'merged' as const,
        fields: {},
        mergedIds: ids,
      })
      await h.receive(merged('2', '1'))
      await h.receive(merged('3', '2'))
      await h.settle()
      await h.receive(erased(h, '3'))
      await h.settle()
      await assertGone(h)
    }))

  it('reaches a merged-away record also when its merge becomes known only after the erasure', () =>
    withPeople(async (h) => {
      await h.receive(contact(h, '1', person()), contact(h, '2', person()))
      await h.settle()
      const merge = { ...h.crm.change('contacts', '2', {}), kind: 'merged' as const, fields: {}, mergedIds: ['1'] }
      await h.receive(erased(h, '2'))
      await h.apply()
      await h.receive(merge)
      await h.settle()
      await assertGone(h)
    }))

  it('reaches cases, tasks and the ledger of other records that named the person earlier and no longer do', () =>
    withPeople(async (h) => {
      const rep = userId(h, 'rep@x.example')
      const gen = userId(h, 'gen@x.example')
      await h.receive(
        contact(h, '1', person({ country: 'DE', hubspot_owner_id: rep })),
        contact(h, '2', { firstname: 'Ann', email: person().email, country: 'DE', hubspot_owner_id: gen }),
      )
      await h.settle()
      const naming = async (table: string) =>
        rowsOf(h, sql`select 1 from ${sql.table(table)} t where t::text ilike '%Zoe-Canary%'`)
      for (const table of ['exception', 'task', 'ledger']) assert.ok((await naming(table)).length > 0, table)
      // The two no longer share an address, so the case of the other record ends.
      await h.receive(h.crm.change('contacts', '2', { email: 'ann@plain.example' }))
      await h.receive(h.crm.change('contacts', '1', { firstname: 'Zoe-Canary' }))
      await h.settle()
      await h.receive(erased(h, '1'))
      await h.settle()
      // The other record's own address of before is its own history.
      for (const table of ['exception', 'task', 'intent', 'ledger', 'record']) {
        assert.deepEqual(await naming(table), [], table)
      }
      assert.ok((await verifyLedger(h.db)).ok)
    }))

  it('happens to a connection that ended before its events were folded', () =>
    withPeople(async (h) => {
      await h.receive(contact(h, '1', person()))
      await h.settle()
      await h.receive(erased(h, '1'))
      await sql`select 1`.execute(h.db)
      await markDisconnected(h.db, h.connection.id, { reason: 'Ended by test.', by: 'test' })
      await h.apply()
      assert.notDeepEqual(await canaryIn(h.db, CANARY), [])
      await eraseDue(h.db)
      await assertGone(h)
    }))

  it('withdraws what was decided and not sent', () =>
    withPeople(async (h) => {
      // One for a rule to give to its owner, one for a reviewer to look at.
      await h.receive(
        contact(h, '1', person({ country: 'DE' })),
        contact(h, '2', person({ email: 'canary2@x.example' })),
      )
      await h.apply()
      await h.refresh()
      await h.decide()
      const kinds = await rowsOf<{ kind: string }>(
        h,
        sql`select distinct kind from intent where state = 'pending' order by 1`,
      )
      assert.deepEqual(kinds, [{ kind: 'owner' }, { kind: 'task' }])
      await h.receive(erased(h, '1'), erased(h, '2'))
      await h.apply()
      assert.deepEqual(await rowsOf(h, sql`select 1 from intent where state = 'pending'`), [])
      await h.settle()
      assert.deepEqual([...h.crm.tasks.values()], [])
      assert.deepEqual(
        h.crm.calls.filter((call) => call.startsWith('write')),
        [],
      )
      await assertGone(h)
    }))

  it('is done again a little later, for what was being written meanwhile', () =>
    withPeople(async (h) => {
      await h.receive(contact(h, '1', person()))
      await h.settle()
      await h.receive(erased(h, '1'))
      await eraseDue(h.db)
      await sql`update exception set what = 'Zoe-Canary'`.execute(h.db)
      await eraseDue(h.db)
      assert.deepEqual(await canaryIn(h.db, CANARY), ['exception'], 'nothing is due yet')
      for (let pass = 0; pass < 2; pass += 1) {
        await sql`update erasure_due set due_at = now()`.execute(h.db)
        await eraseDue(h.db)
      }
      await assertGone(h)
      assert.deepEqual(await rowsOf(h, sql`select * from erasure_due`), [])
    }))

  it('that fails holds up no other', () =>
    withPeople(async (h) => {
      await h.receive(contact(h, '1', person()), contact(h, '2', person({ email: 'canary2@x.example' })))
      await h.settle()
      await sql`create function stick() returns trigger language plpgsql as $$ begin raise exception 'stuck'; end $$`.execute(
        h.db,
      )
      await sql`create trigger stick before update on record for each row when (new.record_id = '1') execute function stick()`.execute(
        h.db,
      )
      await h.receive(erased(h, '1'), erased(h, '2'))
      const failed: string[] = []
      await eraseDue(h.db, ({ recordId }) => failed.push(recordId))
      assert.deepEqual(failed, ['1'])
      const values = await rowsOf(h, sql`select values from record where record_id = '2'`)
      assert.deepEqual(values, [{ values: {} }])
    }))
})
