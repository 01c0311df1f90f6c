import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { webhookUrlOfEnvironment } from './public-address.ts'

describe('a HubSpot of the environment', () => {
  const real = { webhookUrl: null, baseUrl: 'https://api.hubapi.com' }

  it('is polled where it cannot reach us', () => {
    for (const publicUrl of [
      'http://localhost:4000',
      'http://lanes.acme.example',
      'https://10.0.0.7',
      'https://lanes',
    ]) {
      assert.equal(webhookUrlOfEnvironment({ ...real, publicUrl }), null, publicUrl)
    }
  })

  it('calls us at a public address, at the one that was set, and from this machine at any', () => {
    const path = '/webhooks/hubspot'
    const publicUrl = 'https://lanes.acme.example'
    assert.equal(webhookUrlOfEnvironment({ ...real, publicUrl }), `${publicUrl}${path}`)
    const set = 'https://tunnel.example/hook'
    assert.equal(webhookUrlOfEnvironment({ ...real, webhookUrl: set, publicUrl: 'http://localhost:4000' }), set)
    const sandbox = { webhookUrl: null, baseUrl: 'http://127.0.0.1:5001', publicUrl: 'http://localhost:4000' }
    assert.equal(webhookUrlOfEnvironment(sandbox), `http://localhost:4000${path}`)
  })
})
