import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PROPERTIES, portal, reading } from '../../../test/crm/hubspot/scripted-portal.ts'
import { type CrmClient, CrmUnknownError, type TaskKeySupport } from '../crm-client.ts'

describe('an answer of 200 without its list', () => {
  const reads: Readonly<Record<string, (client: CrmClient) => Promise<unknown>>> = {
    '/owners': (client) => client.users(),
    '/properties/': (client) => client.describe('contacts'),
    '/search': (client) => client.changedSince({ ...reading, source: 'poll', sinceMs: 1, cursor: null }),
    '/contacts': (client) => client.changedSince({ ...reading, source: 'baseline', sinceMs: 0, cursor: null }),
    '/batch/read': (client) => client.readRecords({ ...reading, ids: ['1'] }),
    '/tasks/batch/read': (client) => client.findTasks([{ key: 'k', taskId: '5', about: null }]),
    '/associations/': (client) =>
      client.findTasks([{ key: 'k', taskId: null, about: { objectType: 'contacts', recordId: '1' } }]),
  }
  const unenforced: TaskKeySupport = { enforced: false, field: null, why: '' }

  for (const [part, ask] of Object.entries(reads)) {
    it(`is unknown for ${part}, and not an empty list`, async (t) => {
      for (const json of [{}, { results: null }, { results: {} }]) {
        const { client } = await portal(
          t,
          ({ path }) => {
            const isAsked = part === '/contacts' ? path === '/crm/objects/2026-03/contacts' : path.includes(part)
            return isAsked ? { status: 200, json } : undefined
          },
          { taskKey: unenforced },
        )
        await assert.rejects(ask(client), CrmUnknownError)
      }
    })
  }

  it('of properties is unknown if it lacks the owner or the modification date', async (t) => {
    for (const gone of ['hubspot_owner_id', 'lastmodifieddate', '']) {
      const results = PROPERTIES.contacts?.filter((field) => gone !== '' && !JSON.stringify(field).includes(gone))
      const { client } = await portal(t, ({ path }) =>
        path.includes('/properties/') ? { status: 200, json: { results } } : undefined,
      )
      await assert.rejects(client.describe('contacts'), CrmUnknownError)
    }
  })
})

describe('an account', () => {
  const account = (over: object) => ({ status: 200, json: { portalId: 77, timeZone: 'Europe/Berlin', ...over } })

  it('names its pages, and links lead there', async (t) => {
    const { client } = await portal(t, ({ path }) =>
      path.startsWith('/account-info')
        ? account({ uiDomain: 'app-eu1.hubspot.com', accountType: 'SANDBOX' })
        : undefined,
    )
    assert.equal(client.recordUrl('deals', '5'), 'https://app.hubspot.com/contacts/77/record/0-3/5')
    const identity = await client.identify()
    assert.deepEqual([identity.pagesUrl, identity.edition], ['https://app-eu1.hubspot.com', 'SANDBOX'])
    assert.equal(client.recordUrl('deals', '5'), 'https://app-eu1.hubspot.com/contacts/77/record/0-3/5')
    assert.equal(client.taskUrl('6'), 'https://app-eu1.hubspot.com/tasks/77/view/all/task/6')
  })

  it('gets no links to pages outside HubSpot', async (t) => {
    for (const uiDomain of ['evil.example', 'app.hubspot.com.evil.example', 'app.hubspot.com/x', '', undefined, 7]) {
      const { client } = await portal(t, ({ path }) =>
        path.startsWith('/account-info') ? account({ uiDomain }) : undefined,
      )
      assert.equal((await client.identify()).pagesUrl, null)
      assert.match(client.recordUrl('deals', '5'), /^https:\/\/app\.hubspot\.com\//)
    }
  })

  it('keeps the pages that the connection already knows', async (t) => {
    const { client } = await portal(
      t,
      ({ path }) => (path.startsWith('/account-info') ? account({ uiDomain: 'app.hubspot.com' }) : undefined),
      { uiBaseUrl: 'https://app-eu1.hubspot.com' },
    )
    assert.equal((await client.identify()).pagesUrl, 'https://app-eu1.hubspot.com')
  })
})
