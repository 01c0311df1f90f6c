import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccessNeeds } from '../../crm-setup.ts'
import { hubSpotScopes } from '../login/scopes.ts'
import { subscriptionsFor, subscriptionsIn } from '../webhook/subscriptions.ts'
import { hubSpotProject, type ProjectInput } from './project-files.ts'

const needs: AccessNeeds = {
  objects: [
    {
      objectType: 'contacts',
      fields: ['email', 'hubspot_owner_id', 'lastmodifieddate', 'createdate', 'num_unique_conversion_events', 'email'],
      ownerField: 'hubspot_owner_id',
    },
    {
      objectType: 'deals',
      fields: ['amount', 'hs_primary_associated_company', 'hs_lastmodifieddate'],
      ownerField: null,
    },
  ],
}
const webhookUrl = 'https://hooks.example.com/webhooks/hubspot'
const redirectUrl = 'https://lanekeeper.example.com/oauth/hubspot/callback'
const WEBHOOKS = 'src/app/webhooks/webhooks-hsmeta.json'
const APP = 'src/app/app-hsmeta.json'

function project(over: Partial<ProjectInput> = {}) {
  const input: ProjectInput = { kind: 'static', name: 'Lanekeeper', webhookUrl, redirectUrl: null, needs, ...over }
  const files = new Map(hubSpotProject(input).map(({ path, content }) => [path, content]))
  const json = (path: string) => JSON.parse(files.get(path) ?? 'null')
  return { files, app: json(APP), webhooks: json(WEBHOOKS), hsproject: json('hsproject.json'), text: files }
}

type Entry = { subscriptionType: string; objectType?: string; propertyName?: string; active: boolean }
const said = ({ subscriptionType, objectType, propertyName }: Entry) =>
  [subscriptionType, objectType, propertyName].filter(Boolean).join(' ')

describe('the project of a HubSpot app', () => {
  it('is a private app of the requested kind with exactly the scopes that the policies need', () => {
    const { app, hsproject } = project()
    assert.deepEqual(hsproject, { name: 'lanekeeper', srcDir: 'src', platformVersion: '2026.03' })
    assert.deepEqual([app.type, app.config.distribution, app.config.auth.type], ['app', 'private', 'static'])
    assert.deepEqual(app.config.auth.requiredScopes, [
      'crm.objects.contacts.read',
      'crm.objects.contacts.write',
      'crm.objects.deals.read',
      'crm.objects.owners.read',
    ])
    assert.deepEqual(app.config.auth.optionalScopes, ['crm.schemas.tasks.write'])
    assert.equal(app.config.auth.redirectUrls, undefined)
    assert.deepEqual(app.config.permittedUrls, { fetch: [], iframe: [], img: [] })
  })

  it('of an OAuth app names its redirect address', () => {
    const { auth } = project({ kind: 'oauth', redirectUrl }).app.config
    assert.deepEqual([auth.type, auth.redirectUrls, auth.requiredScopes[0]], ['oauth', [redirectUrl], 'oauth'])
    const local = 'http://localhost:8080/oauth/hubspot/callback'
    assert.deepEqual(project({ kind: 'oauth', redirectUrl: local }).app.config.auth.redirectUrls, [local])
    for (const bad of [null, 'http://lanekeeper.example.com/oauth', 'nonsense']) {
      assert.throws(() => project({ kind: 'oauth', redirectUrl: bad }), /https/, String(bad))
    }
  })

  it('subscribes to exactly the properties that the policies read, and never to modification dates', () => {
    const { settings, subscriptions } = project().webhooks.config
    assert.equal(settings.targetUrl, webhookUrl)
    assert.ok(settings.maxConcurrentRequests >= 6 && settings.maxConcurrentRequests <= 10)
    assert.deepEqual(subscriptions.crmObjects.map(said), [
      'object.creation contact',
      'object.deletion contact',
      'object.merge contact',
      'object.restore contact',
      'object.propertyChange contact email',
      'object.propertyChange contact hubspot_owner_id',
      'object.creation deal',
      'object.deletion deal',
      'object.merge deal',
      'object.restore deal',
      'object.propertyChange deal amount',
      'object.propertyChange deal hs_primary_associated_company',
      'object.propertyChange task hs_task_status',
      'object.propertyChange task hubspot_owner_id',
      'object.deletion task',
      'object.restore task',
    ])
    // Links only where a field of the needs hangs on one.
    assert.deepEqual(subscriptions.legacyCrmObjects.map(said), ['deal.associationChange'])
    assert.deepEqual(subscriptions.hubEvents.map(said), ['contact.privacyDeletion'])
    const all: Entry[] = Object.values(subscriptions).flat() as Entry[]
    assert.ok(all.every(({ active }) => active))
  })

  it('keeps former subscriptions as inactive, since HubSpot refuses their removal', () => {
    const earlier = project({
      needs: { objects: [{ objectType: 'companies', fields: ['domain', 'hs_parent_company_id'], ownerField: null }] },
    })
    const formerly = [
      ...subscriptionsIn(earlier.text.get(WEBHOOKS) ?? ''),
      // By hand, in the classic list: stays there, and is not asked for a second time.
      { list: 'legacyCrmObjects', subscriptionType: 'contact.privacyDeletion', objectType: null, propertyName: null },
    ] as const
    const { subscriptions } = project({ formerly }).webhooks.config
    const all = Object.values(subscriptions).flat() as Entry[]
    const inactive = all.filter(({ active }) => !active).map(said)
    assert.deepEqual(inactive, [
      'object.creation company',
      'object.deletion company',
      'object.merge company',
      'object.restore company',
      'object.propertyChange company domain',
      'object.propertyChange company hs_parent_company_id',
      'company.associationChange',
    ])
    assert.equal(all.filter((entry) => said(entry) === 'contact.privacyDeletion').length, 1)
    assert.deepEqual(subscriptions.hubEvents, [])
    assert.equal(new Set(all.map(said)).size, all.length)
    // Once more with its own answer: nothing is lost, and nothing wanted is switched off.
    const again = project({ formerly: subscriptionsIn(project({ formerly }).text.get(WEBHOOKS) ?? '') })
    assert.deepEqual(
      (Object.values(again.webhooks.config.subscriptions).flat() as Entry[]).map(said).sort(),
      all.map(said).sort(),
    )
  })

  it('without a webhook address has no webhooks file, and says that the account is polled', () => {
    const { files } = project({ webhookUrl: null })
    assert.deepEqual([...files.keys()], ['hsproject.json', APP, 'README.md'])
    assert.match(files.get('README.md') ?? '', /the account is polled/)
  })

  it('refuses an address that HubSpot cannot call or sign', () => {
    for (const bad of ['http://hooks.example.com/x', `${webhookUrl}?token=1`, `${webhookUrl}#x`, 'hooks.example.com']) {
      assert.throws(() => project({ webhookUrl: bad }), TypeError, bad)
    }
  })

  it('that needs more subscriptions than HubSpot allows is refused', () => {
    const fields = Array.from({ length: 1_000 }, (_, at) => `field_${at}`)
    assert.throws(
      () => project({ needs: { objects: [{ objectType: 'contacts', fields, ownerField: null }] } }),
      /1009 webhook subscriptions.*1000 per app/,
    )
  })

  it('is the same text for the same needs', () => {
    const shuffled = { objects: needs.objects.map((one) => ({ ...one, fields: one.fields.toReversed() })) }
    assert.deepEqual(project({ needs: shuffled }).files, project().files)
  })

  it('lists the steps, needs no legacy app, and names what is unverified', () => {
    for (const kind of ['static', 'oauth'] as const) {
      const readme = project({ kind, redirectUrl }).files.get('README.md') ?? ''
      assert.match(readme, /hs project upload/)
      assert.match(readme, /UNVERIFIED/)
      assert.match(readme, /up to five minutes/)
      assert.ok(!/legacy app|private app|developer api key/i.test(readme), kind)
      assert.match(readme, kind === 'static' ? /access token/ : /redirect address/)
    }
  })

  it('refuses a former webhooks file of another format', () => {
    assert.throws(() => subscriptionsIn('{'), TypeError)
    assert.throws(() => subscriptionsIn('{"config":{}}'), TypeError)
  })
})

describe('the scopes that the policies need', () => {
  it('use those of contacts for tasks, which have none of their own', () => {
    const { required } = hubSpotScopes({ objects: [] })
    assert.deepEqual(required, [
      'oauth',
      'crm.objects.contacts.read',
      'crm.objects.contacts.write',
      'crm.objects.owners.read',
    ])
  })

  it('include writing an object only if a workflow sets its owner', () => {
    const scopes = (ownerField: string | null) =>
      hubSpotScopes({ objects: [{ objectType: 'companies', fields: [], ownerField }] }).required
    assert.ok(!scopes(null).includes('crm.objects.companies.write'))
    assert.ok(scopes('hubspot_owner_id').includes('crm.objects.companies.write'))
  })

  it('cover every subscription', () => {
    const { required } = hubSpotScopes(needs)
    for (const { objectType } of subscriptionsFor(needs)) {
      if (objectType === 'contact' || objectType === 'task') assert.ok(required.includes('crm.objects.contacts.read'))
      if (objectType === 'deal') assert.ok(required.includes('crm.objects.deals.read'))
    }
  })
})
