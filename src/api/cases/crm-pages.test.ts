import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CRM_PAGES } from './crm-pages.ts'

describe('a link of the console', () => {
  const portal = {
    id: 'hubspot-4471001',
    crm: 'hubspot',
    accountId: '4471001',
    baseUrl: 'https://api.hubapi.com',
  } as const
  const linksOf = (connection: Parameters<typeof CRM_PAGES.accountUrl>[0]) => [
    CRM_PAGES.recordUrl(connection, 'contacts', '77'),
    CRM_PAGES.taskUrl(connection, '88'),
    CRM_PAGES.accountUrl(connection),
  ]

  it('leads to the pages of the region that the portal itself named', () => {
    assert.deepEqual(linksOf({ ...portal, pagesUrl: 'https://app-eu1.hubspot.com' }), [
      'https://app-eu1.hubspot.com/contacts/4471001/record/0-1/77',
      'https://app-eu1.hubspot.com/tasks/4471001/view/all/task/88',
      'https://app-eu1.hubspot.com',
    ])
  })

  it('leads to the pages of every portal where this one has named none, and never to the API', () => {
    for (const baseUrl of ['https://api.hubapi.com', 'https://api-eu1.hubapi.com']) {
      assert.deepEqual(linksOf({ ...portal, baseUrl, pagesUrl: null }), [
        'https://app.hubspot.com/contacts/4471001/record/0-1/77',
        'https://app.hubspot.com/tasks/4471001/view/all/task/88',
        'https://app.hubspot.com',
      ])
    }
  })
})
