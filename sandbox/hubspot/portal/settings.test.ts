import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AT_ONCE, DEFAULT_SETTINGS, withSettings } from './settings.ts'

describe('settings of the sandbox', () => {
  it('change one by one and leave the others', () => {
    const changed = withSettings(withSettings(DEFAULT_SETTINGS, { rateLimit: 3 }), {
      webhookUrl: 'http://127.0.0.1:1/x',
    })
    assert.deepEqual(changed, { ...DEFAULT_SETTINGS, rateLimit: 3, webhookUrl: 'http://127.0.0.1:1/x' })
  })

  it('are those of an ordinary day unless a test asks for everything at once', () => {
    const { searchDelayMs, webhookDelayMs, webhookShuffle, taskUniqueProperty } = DEFAULT_SETTINGS
    assert.ok(searchDelayMs >= 1_000 && webhookDelayMs >= 500 && webhookShuffle && !taskUniqueProperty)
    const usual: Readonly<Record<string, unknown>> = DEFAULT_SETTINGS
    for (const [name, value] of Object.entries(AT_ONCE)) assert.notEqual(value, usual[name], name)
  })

  it('can remove the webhook address again', () => {
    assert.equal(
      withSettings({ ...DEFAULT_SETTINGS, webhookUrl: 'http://x.example' }, { webhookUrl: null }).webhookUrl,
      null,
    )
  })

  it('refuse an unknown name and a value of the wrong type', () => {
    assert.throws(() => withSettings(DEFAULT_SETTINGS, { rateLimits: 3 }), /no setting "rateLimits"/)
    assert.throws(() => withSettings(DEFAULT_SETTINGS, { webhookShuffle: 'yes' }), /cannot be "yes"/)
    assert.throws(() => withSettings(DEFAULT_SETTINGS, { timeZone: 'Mars/Olympus' }), /cannot be "Mars\/Olympus"/)
  })
})
