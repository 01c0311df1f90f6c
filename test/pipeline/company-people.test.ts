import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CompanyPeople } from '../../src/model/record/company-people.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { applyBacklog } from '../support/apply-backlog.ts'
import { contact, openPatterns, userId, withHarness } from './contacts.ts'
import { contactPolicy, type Harness, versionOf } from './harness.ts'

const LINKS: CompanyPeople = {
  persons: [
    ['rep@x.example', 'rep.lee@y.example'],
    ['gen@x.example', 'gen.lee@y.example'],
  ],
  integrations: [],
}

/** In this CRM they have their other e-mail. */
function rename(h: Harness, ...names: string[]): void {
  for (const name of names) {
    const at = h.crm.users.findIndex(({ email }) => email === `${name}@x.example`)
    h.crm.users[at] = { ...h.crm.users[at]!, email: `${name}.lee@y.example`, name: `${name} lee` }
  }
}

const publish = (h: Harness, people?: CompanyPeople) =>
  publishPolicies(h.db, {
    loaded: [
      {
        file: 'routing.yaml',
        source: '',
        version: versionOf(contactPolicy(people === undefined ? {} : { people })),
      },
    ],
    refused: [],
  })

describe('people.yaml in a running pipeline', () => {
  it('case O13: gives records and tasks to the user whom the linked e-mail names, and decides again when the link changes', async () => {
    await withHarness(async (h) => {
      rename(h, 'rep', 'gen')
      await h.people()
      await h.republish()
      await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: null }))
      await h.settle()
      // Nobody has these e-mails here, so no rule writes.
      assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, null)

      await publish(h, LINKS)
      await h.receive(contact(h, '2', { country: 'FR', hubspot_owner_id: null }))
      await h.settle()
      // The link alone asks for the first record, so somebody applies it.
      await applyBacklog(h.db)
      await h.settle()
      assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, userId(h, 'rep.lee@y.example'))
      const open = [...h.crm.tasks.values()].filter(({ status }) => status === 'open')
      assert.deepEqual([...new Set(open.map(({ ownerId }) => ownerId))], [userId(h, 'gen.lee@y.example')])

      await publish(h)
      await h.receive(contact(h, '3', { country: 'DE', hubspot_owner_id: null }))
      await h.settle()
      assert.equal(h.crm.records.get('contacts/3')?.hubspot_owner_id, null)
    })
  })

  it('decides again what a rule gives to somebody when their user of the linked e-mail comes or goes', async () => {
    await withHarness(
      async (h) => {
        rename(h, 'rep')
        const rep = h.crm.users.findIndex(({ email }) => email === 'rep.lee@y.example')
        h.crm.users[rep] = { ...h.crm.users[rep]!, active: false }
        await h.people()
        await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: null }))
        await h.settle()
        assert.deepEqual(await openPatterns(h), ['no-rule'])
        h.crm.users[rep] = { ...h.crm.users[rep]!, active: true }
        await h.people()
        await h.settle()
        assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, h.crm.users[rep]!.userId)
        assert.deepEqual(await openPatterns(h), [])
      },
      { people: LINKS },
    )
  })

  it('gives nothing to a program, and a case to what it owns, as soon as the file names it', async () => {
    await withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: userId(h, 'rep@x.example') }))
      await h.settle()
      assert.deepEqual(await openPatterns(h), [])
      await publish(h, { persons: [], integrations: ['rep@x.example'] })
      await h.settle()
      const [found] = await h.openExceptions()
      assert.match(found?.what ?? '', /is an integration user, so nobody works it/)
    })
  })
})

describe('users of one e-mail in a running pipeline', () => {
  it('case O05: a second active user with the e-mail stops the rule at once, and its end lets it go on', async () => {
    await withHarness(async (h) => {
      const second = h.crm.person('rep@x.example')
      await h.people()
      await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: null }))
      await h.settle()
      assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, null)
      const [found] = await h.openExceptions()
      assert.match(found?.what ?? '', new RegExp(`whose e-mail several users have: .*\\(${second}\\)`))
      const at = h.crm.users.findIndex((user) => user.userId === second)
      h.crm.users[at] = { ...h.crm.users[at]!, integration: true }
      await h.people()
      await h.settle()
      assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, userId(h, 'rep@x.example'))
      assert.deepEqual(await openPatterns(h), [])
    })
  })
})
