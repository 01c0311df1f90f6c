import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Client } from '@hubspot/api-client'
import { BEN, MAYA, startHarness } from './hubspot-sandbox.ts'

/** What we need of the client's request context, whose type is not exported. */
type RequestUrl = { getUrl(): string; setUrl(url: string): void }

/** The vendor's client calls numbered paths only; its middleware takes it to the date-based ones. */
function datedClient(accessToken: string, basePath: string, version: string): { client: Client; asked: string[] } {
  const asked: string[] = []
  const moves: readonly [string, string][] = [
    ['/crm/v3/objects/', `/crm/objects/${version}/`],
    ['/crm/v4/objects/', `/crm/objects/${version}/`],
    ['/crm/v4/associations/', `/crm/associations/${version}/`],
    ['/crm/v3/owners', `/crm/owners/${version}`],
    ['/crm/v3/properties/', `/crm/properties/${version}/`],
  ]
  const client = new Client({
    accessToken,
    basePath,
    middleware: [
      {
        async pre(context: RequestUrl) {
          context.setUrl(moves.reduce((url, [from, to]) => url.replace(from, to), context.getUrl()))
          asked.push(new URL(context.getUrl()).pathname)
          return context
        },
        async post(context: unknown) {
          return context
        },
      },
    ],
  })
  return { client, asked }
}

describe('HubSpot sandbox: date-based paths with the typed client', () => {
  for (const version of ['2026-03', '2026-09']) {
    it(`serves every family at ${version}, from the same store as the numbered paths`, async () => {
      await using hubspot = await startHarness()
      const { client, asked } = datedClient(hubspot.sandbox.credentials.token, hubspot.sandbox.url, version)
      const { crm } = client
      const made = await crm.contacts.basicApi.create({ properties: { email: 'dated@path.example' }, associations: [] })
      await crm.contacts.batchApi.update({ inputs: [{ id: made.id, properties: { hubspot_owner_id: MAYA.id } }] })
      const found = await crm.contacts.searchApi.doSearch({
        filterGroups: [{ filters: [{ propertyName: 'email', operator: 'EQ' as never, value: 'dated@path.example' }] }],
        sorts: [],
        properties: ['hubspot_owner_id'],
        limit: 1,
        after: '0',
      })
      assert.equal(found.results[0]?.properties.hubspot_owner_id, MAYA.id)
      await crm.associations.v4.basicApi.createDefault('contacts', made.id, 'companies', '202')
      const links = await crm.associations.v4.batchApi.getPage('contacts', 'companies', { inputs: [{ id: made.id }] })
      assert.deepEqual(
        links.results.map((row) => row.to.map((to) => String(to.toObjectId))),
        [['202']],
      )
      assert.deepEqual(
        (await crm.owners.ownersApi.getPage()).results.map((owner) => owner.id),
        [MAYA.id, BEN.id],
      )
      assert.equal((await crm.properties.coreApi.getByName('tasks', 'hs_timestamp')).type, 'datetime')
      assert.ok(asked.length >= 7 && asked.every((path) => path.includes(`/${version}/`) || path.endsWith(version)))
      assert.equal((await hubspot.fetch(`/crm/v3/objects/contacts/${made.id}`)).status, 200)
    })
  }
})
