import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hostsFor } from './hosts.ts'

describe('an address that Salesforce names for our tokens', () => {
  const rule = { loopback: true, extra: ['*.proxy.example'] }
  const at = (baseUrl: string) => hostsFor(rule, { baseUrl, apiVersion: '67.0', pubsubAddress: null })

  it('is one that an admin may enter, or the one that was entered', () => {
    const allows = at('https://acme.my.salesforce.com')
    for (const url of [
      'https://acme.my.salesforce.com',
      'https://other.my.salesforce.com',
      'https://a.proxy.example',
    ]) {
      assert.equal(allows(url), true, url)
    }
    for (const url of ['https://acme.example', 'http://acme.my.salesforce.com', 'nonsense']) {
      assert.equal(allows(url), false, url)
    }
  })

  it('is on this machine only for an org that is on this machine', () => {
    assert.equal(at('https://acme.my.salesforce.com')('http://127.0.0.1:9200'), false)
    assert.equal(at('http://127.0.0.1:4402')('http://127.0.0.1:9200'), true)
    assert.equal(at('http://localhost:4402')('http://127.0.0.1:4402'), true)
    const closed = hostsFor(
      { ...rule, loopback: false },
      { baseUrl: 'https://acme.my.salesforce.com', apiVersion: '67.0', pubsubAddress: null },
    )
    assert.equal(closed('http://127.0.0.1:9200'), false)
  })
})
