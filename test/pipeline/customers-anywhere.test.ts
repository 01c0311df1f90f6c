import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { type Branch, companies } from './company.ts'
import { contactPolicy } from './harness.ts'

const MADE = '2026-01-01T00:00:00.000Z'
const GAP: Policy['patterns'] = [{ pattern: 'missing-field', fields: ['company'], graceMinutes: 30 }]

/** Workflows that find a blank on every person, as expected cases that the floors may lift. */
function policies(change: Partial<Policy> = {}): Policy[] {
  const boundary = contactPolicy().boundary
  return [
    contactPolicy({ patterns: GAP, boundary, ...change }),
    contactPolicy({
      workflow: 'sf-contacts',
      objects: [{ crm: 'salesforce', object: 'Contact' }],
      patterns: [{ pattern: 'missing-field', fields: ['Title'], graceMinutes: 30 }],
      ...change,
    }),
  ]
}

describe('the floor of customers and of open pipeline', () => {
  const { start, stopAll } = companies()
  after(stopAll)

  const whole = (branch: Branch, object: string, id: string, fields: Record<string, FieldText>) => {
    const made: Record<string, FieldText> =
      branch.connection.crm === 'hubspot' ? { createdate: MADE } : { CreatedDate: MADE }
    return branch.receive({ ...branch.crm.change(object, id, { ...made, ...fields }), complete: true })
  }
  const both = async (change: Partial<Policy> = {}, imported = true) => {
    const company = await start(policies(change))
    const salesforce = await company.add('salesforce', 'sf', { imported })
    const classOf = async (branch: Branch, id: string) => {
      await branch.decide()
      const { rows } = await sql<{ class: string }>`select class from exception
        where connection_id = ${branch.connection.id} and record_id = ${id} and status = 'open'`.execute(company.h.db)
      assert.equal(rows.length, 1, `${rows.length} cases`)
      return rows[0]!.class
    }
    return { ...company, hubspot: company.first, salesforce, classOf }
  }
  type Both = Awaited<ReturnType<typeof both>>
  const jane = (b: Both, fields: Record<string, FieldText> = {}, id = '1') =>
    whole(b.hubspot, 'contacts', id, {
      email: 'jane@acme.de',
      country: 'DE',
      company: null,
      lifecyclestage: 'lead',
      hubspot_owner_id: b.hubspot.crm.users[0]!.userId,
      ...fields,
    })
  const acme = (b: Both, fields: Record<string, FieldText>) =>
    whole(b.salesforce, 'Account', 'A1', { Name: 'Acme', Website: 'www.acme.de', Type: 'Prospect', ...fields })

  it('case M08: sees a customer in the other CRM, and sees when it becomes or ends to be one', async () => {
    const b = await both()
    await acme(b, { Type: 'Customer' })
    await jane(b)
    assert.equal(await b.classOf(b.hubspot, '1'), 'customer-facing')
    await acme(b, { Type: 'Prospect' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected')
    await acme(b, { Type: 'Customer - Direct' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'customer-facing')
    await acme(b, { Type: 'Customer - Direct', Website: 'other.de' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected', 'it was of that domain before')
  })

  it('sees a customer in the other CRM once that is imported', async () => {
    const b = await both({}, false)
    await acme(b, { Type: 'Customer' })
    await jane(b)
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected')
    await b.importEnds(b.salesforce)
    await b.salesforce.decide()
    assert.equal(await b.classOf(b.hubspot, '1'), 'customer-facing')
  })

  it('sees the open deals of the account in the other CRM', async () => {
    const b = await both()
    await acme(b, {})
    await jane(b)
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected')
    const deal = (fields: Record<string, FieldText>) =>
      whole(b.salesforce, 'Opportunity', 'O1', { AccountId: 'A1', Amount: '60000', IsClosed: 'false', ...fields })
    await deal({})
    assert.equal(await b.classOf(b.hubspot, '1'), 'revenue-impacting')
    await deal({ CurrencyIsoCode: 'JPY' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'revenue-impacting', 'what is not known lowers nothing')
    await jane(b, { email: 'jo@acme.de' }, '2')
    assert.equal(await b.classOf(b.hubspot, '2'), 'unknown', 'nobody knows what that is in the home currency')
    await deal({ IsClosed: 'true', CurrencyIsoCode: 'JPY' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected')
  })

  it('case M06, case M07: sees the customer that has the domain of a contact without an account', async () => {
    const b = await both()
    await whole(b.hubspot, 'companies', 'C1', { name: 'Acme', domain: 'acme.de', lifecyclestage: 'customer' })
    await jane(b)
    assert.equal(await b.classOf(b.hubspot, '1'), 'customer-facing')
    const c = await both()
    await acme(c, { Type: 'Customer' })
    await whole(c.salesforce, 'Contact', 'K1', {
      LastName: 'Doe',
      Email: 'jo@acme.de',
      OwnerId: c.salesforce.crm.users[0]!.userId,
      AccountId: null,
      Title: null,
    })
    assert.equal(await c.classOf(c.salesforce, 'K1'), 'customer-facing')
  })

  it('case M01: sees the mark that the policy names', async () => {
    const customers = [{ field: 'salesforce.Account.Tier__c', op: 'in' as const, values: ['Gold'] }]
    const b = await both({ customers })
    await acme(b, { Tier__c: 'None' })
    await jane(b)
    assert.equal(await b.classOf(b.hubspot, '1'), 'expected')
    await acme(b, { Tier__c: 'Gold' })
    assert.equal(await b.classOf(b.hubspot, '1'), 'customer-facing')
  })
})
