import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Crm } from '../model/record/change-event.ts'
import type { HostRule } from './allowed-hosts.ts'
import { adapterOf } from './registry.ts'

const PRODUCTION: HostRule = { loopback: false, extra: [] }
const SANDBOX: HostRule = { loopback: true, extra: [] }

/** What is said of an address that an admin enters for this CRM; null: allowed. */
function refuseAddress(crm: Crm, baseUrl: string, rule: HostRule): string | null {
  return problem(crm, { baseUrl, pubsubAddress: null }, 'baseUrl', rule)
}
function refuseStreamAddress(pubsubAddress: string, rule: HostRule): string | null {
  return problem('salesforce', { baseUrl: 'https://acme.my.salesforce.com', pubsubAddress }, 'pubsubAddress', rule)
}
function problem(
  crm: Crm,
  address: { baseUrl: string; pubsubAddress: string | null },
  field: string,
  rule: HostRule,
): string | null {
  const problems = adapterOf(crm).addressProblems({ apiVersion: '', ...address }, rule)
  return problems.find((one) => one.field === field)?.message ?? null
}

function allowed(crm: Crm, url: string, rule: HostRule = PRODUCTION): void {
  assert.equal(refuseAddress(crm, url, rule), null, url)
}
function refused(crm: Crm, url: string, because: RegExp, rule: HostRule = PRODUCTION): void {
  assert.match(refuseAddress(crm, url, rule) ?? 'allowed', because, url)
}

describe('the address of a Salesforce org', () => {
  it('is a My Domain of production, sandbox, scratch, developer or government cloud', () => {
    for (const host of [
      'acme.my.salesforce.com',
      'acme--qa.sandbox.my.salesforce.com',
      'force-app-1234-dev-ed.scratch.my.salesforce.com',
      'acme-dev-ed.develop.my.salesforce.com',
      'empathetic-moose-dev-ed.trailblaze.my.salesforce.com',
      'agency.my.salesforce.mil',
    ]) {
      allowed('salesforce', `https://${host}`)
      allowed('salesforce', `https://${host.toUpperCase()}/`)
    }
  })

  it('is not a generic login host, which says to use My Domain', () => {
    refused('salesforce', 'https://login.salesforce.com', /use My Domain/)
    refused('salesforce', 'https://test.salesforce.com', /use My Domain/)
  })

  it('says the right address to somebody who pastes the one in the browser', () => {
    refused(
      'salesforce',
      'https://acme--qa.sandbox.lightning.force.com',
      /https:\/\/acme--qa\.sandbox\.my\.salesforce\.com/,
    )
    refused('salesforce', 'https://acme.lightning.force.com/lightning/page/home', /leave out everything after the host/)
  })

  it('is no host that only looks like one', () => {
    for (const url of [
      'https://acme.my.salesforce.com.evil.example',
      'https://evil.example/acme.my.salesforce.com',
      'https://my.salesforce.com',
      'https://acme-my.salesforce.com',
      'https://a.b.c.my.salesforce.com',
      'https://acme.my.salesforce.com.',
      'https://acme.my.salesforce.com:8443',
      'https://evil.example?x=.my.salesforce.com',
      'https://evil.example#.my.salesforce.com',
      'http://acme.my.salesforce.com',
      'ftp://acme.my.salesforce.com',
      'acme.my.salesforce.com',
      'https://169.254.169.254',
      'https://10.0.0.1',
      'https://[fd00::1]',
      'https://metadata.google.internal',
      '',
    ]) {
      refused('salesforce', url, /Enter the My Domain address/)
    }
  })

  it('holds no password, and the refusal does not repeat one', () => {
    const sentence = refuseAddress('salesforce', 'https://me:hunter2@acme.my.salesforce.com', PRODUCTION)
    assert.match(sentence ?? '', /user name or password/)
    assert.doesNotMatch(sentence ?? '', /hunter2/)
    refused('salesforce', 'https://acme.my.salesforce.com@evil.example', /user name or password/)
  })

  it('is this machine for the sandbox only', () => {
    for (const url of ['http://127.0.0.1:4020', 'https://localhost:4020', 'http://[::1]:4020', 'http://127.1:80']) {
      allowed('salesforce', url, SANDBOX)
      refused('salesforce', url, /this machine itself/)
    }
    refused('salesforce', 'http://0.0.0.0:4020', /https/, SANDBOX)
    refused('salesforce', 'http://localhost.evil.example', /https/, SANDBOX)
  })

  it('may be a host that the operator added, over https', () => {
    const rule = { loopback: false, extra: ['crm-proxy.acme.example', 'other.example:8443', '*.my.sfcrmproducts.cn'] }
    allowed('salesforce', 'https://crm-proxy.acme.example', rule)
    allowed('salesforce', 'https://other.example:8443', rule)
    allowed('salesforce', 'https://acme.my.sfcrmproducts.cn', rule)
    refused('salesforce', 'http://crm-proxy.acme.example', /https/, rule)
    refused('salesforce', 'https://other.example', /not a host of Salesforce/, rule)
    refused('salesforce', 'https://my.sfcrmproducts.cn', /not a host of Salesforce/, rule)
    refused('salesforce', 'https://evilcrm-proxy.acme.example', /not a host of Salesforce/, rule)
    refused('salesforce', 'https://anything.example', /not a host/, { loopback: false, extra: ['', '*', '*.'] })
  })
})

describe("the address of HubSpot's API", () => {
  it('is that of any of its data centres', () => {
    allowed('hubspot', 'https://api.hubapi.com')
    allowed('hubspot', 'https://api-eu1.hubapi.com/')
    allowed('hubspot', 'http://127.0.0.1:4010', SANDBOX)
  })

  it('is nothing else', () => {
    refused('hubspot', 'https://app.hubspot.com', /pages for people/)
    for (const url of [
      'https://hubapi.com',
      'https://api.hubapi.com.evil.example',
      'https://evil-api.hubapi.com.example',
      'https://apix.hubapi.com',
      'https://acme.my.salesforce.com',
    ]) {
      refused('hubspot', url, /Enter https:\/\/api\.hubapi\.com/)
    }
  })
})

describe("the address of Salesforce's stream, which is given the token too", () => {
  it("is the vendor's, on either of its two ports", () => {
    for (const address of [
      'api.pubsub.salesforce.com:7443',
      'api.pubsub.salesforce.com:443',
      'api.deu.pubsub.salesforce.com:7443',
    ]) {
      assert.equal(refuseStreamAddress(address, PRODUCTION), null, address)
    }
    assert.equal(refuseStreamAddress('127.0.0.1:4021', SANDBOX), null)
    assert.equal(
      refuseStreamAddress('bus.acme.example:7443', { loopback: false, extra: ['bus.acme.example:7443'] }),
      null,
    )
  })

  it('is nothing else', () => {
    for (const address of [
      'evil.example:7443',
      'api.pubsub.salesforce.com.evil.example:7443',
      'api.pubsub.salesforce.com',
      'me@evil.example:7443',
      'api.pubsub.salesforce.com:8080',
      'unix:/tmp/socket',
      'dns://8.8.8.8/evil.example:7443',
      '127.0.0.1:4021',
    ]) {
      assert.match(refuseStreamAddress(address, PRODUCTION) ?? 'allowed', /Enter api\.pubsub/, address)
    }
  })
})
