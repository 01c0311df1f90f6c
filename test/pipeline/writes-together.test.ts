import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { CreatedDate: '2026-01-01T00:00:00.000Z' }
const COUNTRIES = { DE: 'rep@x.example', FR: 'big@x.example' } as const

function byCountry(workflow: string, object: string): Policy {
  const base = contactPolicy()
  const [first] = base.boundary
  const rules = Object.entries(COUNTRIES).map(([country, owner]) => ({
    ...first!.rules[0]!,
    id: country.toLowerCase(),
    when: [{ field: 'fact.country', op: 'in' as const, values: [country] }],
    owner,
  }))
  const against = {
    pattern: 'duplicate-ownership',
    against: [{ crm: 'salesforce', object, subject: 'newer' as const }],
  }
  return {
    ...base,
    workflow,
    objects: [{ crm: 'salesforce', object }],
    patterns: [{ ...against, againstAccountOwner: true }, { pattern: 'no-rule' }],
    classes: [{ when: [], class: 'risky', because: 'Two people may work it.' }],
    boundary: [{ ...first!, rules }],
  }
}

describe('two owner writes that are right alone and a case together', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async (...policies: readonly Policy[]) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      crm.person('big@x.example')
      return [...policies]
    }, 'salesforce')
    started.push(h)
    const lead = (id: string, Country: string, Email: string) =>
      h.crm.change('Lead', id, {
        ...MADE,
        LastName: id,
        Company: 'Foo',
        Email,
        Country,
        OwnerId: null,
        IsConverted: 'false',
      })
    return {
      ...h,
      lead,
      owners: (...keys: readonly string[]) => keys.map((key) => h.crm.records.get(key)?.OwnerId ?? null),
      patterns: async () => (await h.openExceptions()).map(({ pattern, subject }) => `${pattern} ${subject}`),
      async rounds() {
        for (let n = 0; n < 4; n += 1) await h.settle()
      },
    }
  }

  it('are not both made where they are decided at once: the second waits, and says why', async () => {
    const h = await start(byCountry('leads', 'Lead'))
    await h.receive(h.lead('L1', 'Germany', 'jane@foo.com'), h.lead('L2', 'France', 'jane@foo.com'))
    await h.rounds()
    assert.equal(h.owners('Lead/L1', 'Lead/L2').filter((owner) => owner !== null).length, 1)
    const [only, ...more] = await h.openExceptions()
    assert.deepEqual(more, [])
    assert.match(only!.what, /^Rule (de|fr) would give this lead to .*, but .* owns the Salesforce lead "L[12]"/)
  })

  it('are not both made where the first is on its way while the second is decided', async () => {
    const h = await start(byCountry('leads', 'Lead'))
    await h.receive(h.lead('L1', 'Germany', 'jane@foo.com'))
    await h.apply()
    await h.refresh()
    await h.decide()
    const { rows } = await sql`select 1 from intent where kind = 'owner' and state = 'pending'`.execute(h.db)
    assert.equal(rows.length, 1)
    await h.receive(h.lead('L2', 'France', 'jane@foo.com'))
    await h.rounds()
    const [first, second] = h.owners('Lead/L1', 'Lead/L2')
    assert.notEqual(first, null)
    assert.equal(second, null)
  })

  it('are both made where they agree, and where the records are of two persons', async () => {
    const h = await start(byCountry('leads', 'Lead'))
    await h.receive(
      h.lead('L1', 'Germany', 'jane@foo.com'),
      h.lead('L2', 'Germany', 'jane@foo.com'),
      h.lead('L3', 'France', 'john@foo.com'),
    )
    await h.rounds()
    assert.ok(h.owners('Lead/L1', 'Lead/L2', 'Lead/L3').every((owner) => owner !== null))
    assert.deepEqual(await h.patterns(), [])
  })

  it('are not both made where one is of the account and one of its lead, by two workflows', async () => {
    const h = await start(byCountry('leads', 'Lead'), byCountry('accounts', 'Account'))
    await h.receive(
      h.lead('L1', 'Germany', 'jane@foo.com'),
      h.crm.change('Account', 'A1', {
        ...MADE,
        Name: 'Foo',
        Website: 'foo.com',
        BillingCountry: 'France',
        OwnerId: null,
      }),
    )
    await h.rounds()
    const [lead, account] = h.owners('Lead/L1', 'Account/A1')
    assert.deepEqual([lead === null, account === null], [true, false])
    assert.deepEqual(
      (await h.patterns()).map((one) => one.split(' ')[0]),
      ['duplicate-ownership'],
    )
  })
})
