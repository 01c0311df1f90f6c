import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { CreatedDate: '2026-01-01T00:00:00.000Z' }

/** Leads without an owner go to the representative, unless they are of a customer. */
function leadPolicy(): Policy {
  const base = contactPolicy()
  const [all] = base.boundary
  const customers = { ...all!, branch: 'customers', mode: 'review' as const, rules: [] }
  const rules = [{ ...all!.rules[0]!, when: [] }]
  return {
    ...base,
    objects: [{ crm: 'salesforce', object: 'Lead' }],
    patterns: [{ pattern: 'no-rule' }],
    boundary: [
      { ...customers, when: [{ field: 'fact.customer', op: 'in', values: ['true'] }] },
      { ...all!, rules },
    ],
  }
}

describe('the account of a lead by its domain', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [leadPolicy()]
    }, 'salesforce')
    started.push(h)
    const put = (key: string, fields: Record<string, FieldText>) => {
      const [objectType, id] = key.split('/') as [string, string]
      return h.receive(h.crm.change(objectType, id, { ...MADE, ...fields }))
    }
    return {
      ...h,
      put,
      account: (id: string, Type: string | null, Website: string | null = 'acme.com') =>
        put(`Account/${id}`, { Name: id, Type, Website, OwnerId: h.crm.users[0]!.userId }),
      lead: (id: string) =>
        put(`Lead/${id}`, {
          LastName: 'B',
          Company: 'Acme',
          Email: `${id}@acme.com`,
          OwnerId: null,
          IsConverted: 'false',
        }),
      owner: (id: string) => h.crm.records.get(`Lead/${id}`)?.OwnerId ?? null,
      async rounds() {
        for (let n = 0; n < 4; n += 1) await h.settle()
      },
    }
  }

  it('case M03, case S1: is of a customer by either of two accounts that have it, and no rule writes to the lead', async () => {
    const h = await start()
    await h.account('A1', 'Customer')
    await h.account('A2', 'Prospect')
    await h.rounds()
    await h.lead('L1')
    await h.rounds()
    assert.equal(h.owner('L1'), null)
    assert.deepEqual(await h.unknownInputs(), {})

    await h.receive({ ...h.crm.change('Account', 'A1', {}), kind: 'deleted' })
    await h.rounds()
    assert.deepEqual(await h.unknownInputs(), {})
    assert.notEqual(h.owner('L1'), null)
  })

  it('is no person account, whatever stands in its web site, and a business beside it is the only one', async () => {
    const h = await start()
    const person = (IsPersonAccount: string) =>
      h.put('Account/P1', {
        Name: 'Jo Do',
        Type: 'Customer',
        Website: 'acme.com',
        PersonEmail: 'jo@acme.com',
        IsPersonAccount,
        OwnerId: h.crm.users[0]!.userId,
      })
    await person('true')
    await h.rounds()
    await h.lead('L1')
    await h.rounds()
    assert.notEqual(h.owner('L1'), null)

    await h.account('A1', 'Prospect')
    await h.rounds()
    await h.lead('L2')
    await h.rounds()
    assert.notEqual(h.owner('L2'), null)
    assert.deepEqual(await h.unknownInputs(), {})
  })

  it('is known as far as all accounts that have it agree', async () => {
    const h = await start()
    await h.account('A1', 'Prospect')
    await h.account('A2', null)
    await h.rounds()
    await h.lead('L1')
    await h.rounds()
    assert.notEqual(h.owner('L1'), null)
    assert.deepEqual(await h.unknownInputs(), {})
    await h.account('A1', 'Customer')
    await h.account('A2', 'Customer')
    await h.rounds()
    await h.lead('L2')
    await h.rounds()
    assert.equal(h.owner('L2'), null, 'a customer by either')
    assert.deepEqual(await h.unknownInputs(), {})
  })

  it('part of M15: may be an account that we know by its id only, until its website was read', async () => {
    const h = await start()
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, needs_read, read_after)
      values (${h.connection.id}, 'Account', 'A9', '{}', '{}', 'first-sight', now() + interval '1 hour')`.execute(h.db)
    await h.lead('L1')
    await h.apply()
    // The lead alone is read.
    await sql`update record set needs_read = null where object_type = 'Lead'`.execute(h.db)
    await h.decide()
    await h.act()
    assert.equal(h.owner('L1'), null)
    assert.deepEqual(await h.unknownInputs(), { 'Account/*/not-read': 1 })

    h.crm.records.set('Account/A9', { ...MADE, Name: 'Other', Type: 'Customer', Website: 'other.com', OwnerId: null })
    await h.rounds()
    assert.deepEqual(await h.unknownInputs(), {})
    assert.notEqual(h.owner('L1'), null, 'it was of another domain')
  })
})
