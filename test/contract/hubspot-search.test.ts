import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Harness, MAYA, refusal, startHarness } from './hubspot-sandbox.ts'

type Filter = { propertyName: string; operator: string; value?: string; highValue?: string; values?: string[] }

describe('HubSpot sandbox: search', () => {
  let hubspot: Harness
  before(async () => {
    hubspot = await startHarness()
  })
  // The account may search five times a second; that limit has its own test below.
  beforeEach(() => pause(1_050))
  after(() => hubspot[Symbol.asyncDispose]())

  const request = (filters: Filter[], more: Record<string, unknown> = {}) => ({
    filterGroups: [{ filters }] as never,
    sorts: [],
    properties: [],
    limit: 100,
    after: '0',
    ...more,
  })
  const ids = async (filters: Filter[], more: Record<string, unknown> = {}) => {
    const found = await hubspot.client.crm.contacts.searchApi.doSearch(request(filters, more))
    return found.results.map((record) => record.id)
  }

  it('finds by the comparing operators, dates as epoch milliseconds', async () => {
    const companies = hubspot.client.crm.companies.searchApi
    const large = await companies.doSearch(
      request([{ propertyName: 'numberofemployees', operator: 'GTE', value: '500' }]),
    )
    assert.deepEqual(
      large.results.map((record) => record.id),
      ['201'],
    )
    const { results } = await hubspot.client.crm.contacts.searchApi.doSearch(
      request([{ propertyName: 'createdate', operator: 'GTE', value: String(Date.parse('2026-10-25T00:00:00Z')) }]),
    )
    assert.deepEqual(
      results.map((record) => record.id),
      ['103', '104'],
    )
    assert.deepEqual(
      await ids([{ propertyName: 'hs_object_id', operator: 'BETWEEN', value: '102', highValue: '103' }]),
      ['102', '103'],
    )
  })

  it('tells text without regard to case, but options and lists exactly', async () => {
    assert.deepEqual(await ids([{ propertyName: 'country', operator: 'EQ', value: 'BRAZIL' }]), ['103'])
    assert.deepEqual(await ids([{ propertyName: 'country', operator: 'IN', values: ['Brazil'] }]), [])
    assert.deepEqual(await ids([{ propertyName: 'country', operator: 'IN', values: ['brazil'] }]), ['103'])
  })

  it('tells presence, tokens and links', async () => {
    assert.deepEqual(await ids([{ propertyName: 'hubspot_owner_id', operator: 'NOT_HAS_PROPERTY' }]), ['103', '104'])
    assert.deepEqual(await ids([{ propertyName: 'email', operator: 'CONTAINS_TOKEN', value: '*@unal.example' }]), [
      '101',
    ])
    assert.deepEqual(await ids([{ propertyName: 'associations.companies', operator: 'EQ', value: '201' }]), ['101'])
  })

  it('joins groups with or, sorts, and pages by offset', async () => {
    const filterGroups = [
      { filters: [{ propertyName: 'email', operator: 'HAS_PROPERTY' }] },
      { filters: [{ propertyName: 'phone', operator: 'HAS_PROPERTY' }] },
    ]
    const api = hubspot.client.crm.contacts.searchApi
    const page = (after: string) =>
      api.doSearch({ filterGroups: filterGroups as never, sorts: ['-createdate'], properties: [], limit: 3, after })
    const first = await page('0')
    assert.equal(first.total, 4)
    assert.deepEqual(
      first.results.map((record) => record.id),
      ['104', '103', '102'],
    )
    assert.equal(first.paging?.next?.after, '3')
    assert.deepEqual(
      (await page('3')).results.map((record) => record.id),
      ['101'],
    )
  })

  it('refuses what is over its limits: page, window, groups, filters, sorts, body', async () => {
    const one: Filter = { propertyName: 'email', operator: 'HAS_PROPERTY' }
    const status = async (body: unknown) =>
      (await hubspot.fetch('/crm/objects/2026-03/contacts/search', { method: 'POST', body })).status
    assert.equal(await status(request([one], { limit: 201 })), 400)
    assert.equal(await status(request([one], { limit: 100, after: '9901' })), 400)
    assert.equal(await status({ filterGroups: Array.from({ length: 6 }, () => ({ filters: [one] })) }), 400)
    assert.equal(await status(request(Array.from({ length: 7 }, () => one))), 400)
    await pause(1_050)
    assert.equal(await status(request([one], { sorts: ['email', 'phone'] })), 400)
    assert.equal(await status(request([{ propertyName: 'email', operator: 'EQ', value: 'x'.repeat(3_000) }])), 400)
    assert.equal(await status(request([one], { limit: 200, after: '9800' })), 200)
  })

  it('refuses an unknown property and an unknown operator', async () => {
    const api = hubspot.client.crm.contacts.searchApi
    const error = await refusal(api.doSearch(request([{ propertyName: 'nope', operator: 'EQ', value: '1' }])))
    assert.equal(error.code, 400)
    assert.equal(
      (await refusal(api.doSearch(request([{ propertyName: 'email', operator: 'LIKE', value: '1' }])))).code,
      400,
    )
  })

  it('answers the sixth search of a second with 429 and sends no rate headers with the others', async () => {
    const searches = await Promise.all(
      Array.from({ length: 6 }, () =>
        hubspot.fetch('/crm/v3/objects/contacts/search', { method: 'POST', body: { limit: 1 } }),
      ),
    )
    assert.deepEqual(
      searches.map((response) => response.status),
      [200, 200, 200, 200, 200, 429],
    )
    assert.equal(searches[0]!.headers.get('x-hubspot-ratelimit-remaining'), null)
    const body = (await searches[5]!.json()) as Record<string, unknown>
    assert.equal(body.message, 'You have reached your secondly limit.')
    assert.equal(body.errorType, 'RATE_LIMIT')
  })
})

describe('HubSpot sandbox: the search index runs behind', () => {
  it('trap 16: shows a write only after the delay, while a read by id shows it at once', async () => {
    await using hubspot = await startHarness({ searchDelayMs: 1_500 })
    const { basicApi, searchApi } = hubspot.client.crm.contacts
    const owned = async () => {
      const found = await searchApi.doSearch({
        filterGroups: [{ filters: [{ propertyName: 'hubspot_owner_id', operator: 'EQ' as never, value: MAYA.id }] }],
        sorts: [],
        properties: ['hubspot_owner_id'],
        limit: 10,
        after: '0',
      })
      return found.results.map((record) => record.id)
    }
    const made = await basicApi.create({
      properties: { email: 'late@index.example', hubspot_owner_id: MAYA.id },
      associations: [],
    })
    await basicApi.update('101', { properties: { hubspot_owner_id: MAYA.id } })
    assert.equal((await basicApi.getById('101', ['hubspot_owner_id'])).properties.hubspot_owner_id, MAYA.id)
    assert.deepEqual(await owned(), [])
    const deadline = Date.now() + 10_000
    while ((await owned()).length < 2 && Date.now() < deadline) await pause(300)
    assert.deepEqual(await owned(), ['101', made.id])
  })
})
