import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { crmAddressRule } from '../../connections/draft/address-rule.ts'
import { loadKeys } from './key-file.ts'
import { SETTINGS } from './setting-table.ts'
import { configFolder, describeSettings, EXAMPLES, readSettings, SettingsError, settingsHelp } from './settings.ts'

describe('settings', () => {
  it('need nothing to be set, and an empty variable counts as absent', () => {
    const settings = readSettings({ PATH: '/bin', PORT: '', LANEKEEPER_HUBSPOT_TOKEN: ' ' })
    assert.equal(settings.port, 4000)
    assert.equal(settings.host, '127.0.0.1')
    assert.equal(settings.publicUrl, 'http://localhost:4000')
    assert.equal(settings.hubspot, null)
    assert.equal(settings.salesforce, null)
  })

  it('report every problem together, with the value and what is allowed', () => {
    assert.throws(
      () =>
        readSettings({
          PORT: '70000',
          LOG_LEVEL: 'loud',
          DATABASE_URL: 'mysql://secret@host/db',
          REDIS_URL: 'redis://a:1,http://b',
          LANEKEEPER_POLL_SECONDS: '1',
          LANEKEEPER_SALESFORCE_PUBSUB_ADDRESS: 'nowhere',
        }),
      (error) => {
        assert.ok(error instanceof SettingsError)
        assert.equal(error.problems.length, 6)
        assert.match(error.message, /PORT "70000" is not a port/)
        assert.match(error.message, /LOG_LEVEL "loud" is none of/)
        assert.match(error.message, /DATABASE_URL is not an address that begins with postgres:/)
        assert.ok(!error.message.includes('mysql://secret'), 'a secret setting is never repeated')
        return true
      },
    )
  })

  it('refuse an unknown name with our prefix and say which one is nearest', () => {
    assert.throws(
      () => readSettings({ LANEKEEPER_HUBSPOT_TOKN: 'x' }),
      /LANEKEEPER_HUBSPOT_TOKN is not a setting; did you mean LANEKEEPER_HUBSPOT_TOKEN\?/,
    )
  })

  it('want the credentials of a CRM complete', () => {
    assert.throws(
      () => readSettings({ LANEKEEPER_HUBSPOT_TOKEN: 't' }),
      /LANEKEEPER_HUBSPOT_TOKEN also needs LANEKEEPER_HUBSPOT_CLIENT_SECRET and LANEKEEPER_HUBSPOT_APP_ID/,
    )
    const { hubspot, salesforce } = readSettings({
      LANEKEEPER_HUBSPOT_TOKEN: 't',
      LANEKEEPER_HUBSPOT_CLIENT_SECRET: 'new, old',
      LANEKEEPER_HUBSPOT_APP_ID: '7',
      LANEKEEPER_SALESFORCE_LOGIN_URL: 'https://acme.my.salesforce.com/',
      LANEKEEPER_SALESFORCE_CLIENT_ID: 'id',
      LANEKEEPER_SALESFORCE_CLIENT_SECRET: 'secret',
    })
    assert.deepEqual(hubspot?.clientSecrets, ['new', 'old'])
    assert.equal(salesforce?.loginUrl, 'https://acme.my.salesforce.com')
    assert.equal(salesforce?.pubsubAddress, 'api.pubsub.salesforce.com:7443')
  })

  const OIDC = { LANEKEEPER_OIDC_CLIENT_ID: 'id', LANEKEEPER_OIDC_CLIENT_SECRET: 'hush' }
  const issuer = (url: string) => readSettings({ ...OIDC, LANEKEEPER_OIDC_ISSUER: url }).oidc?.issuer

  it('take an issuer exactly as it is written, and an http one on this machine alone', () => {
    for (const url of [
      'https://accounts.google.com',
      'https://acme.okta.com/oauth2/default',
      'https://idp.acme.example/realms/main/',
      'https://login.microsoftonline.com/0f0f0f0f-1111-2222-3333-444444444444/v2.0',
      'http://127.0.0.1:9000',
      'http://localhost:9000',
    ]) {
      assert.equal(issuer(url), url)
    }
    for (const [url, says] of [
      ['accounts.google.com', /is not an address such as/],
      ['http://idp.acme.example', /does not begin with https/],
      ['http://127.evil.example', /does not begin with https/],
      ['https://user:secret@idp.acme.example', /leave out user, password/],
      ['https://idp.acme.example/?tenant=1', /everything after/],
      ['https://idp.acme.example/.well-known/openid-configuration', /leave out \/\.well-known/],
    ] as const) {
      assert.throws(() => issuer(url), says, url)
    }
  })

  it('refuse an issuer that lets in accounts of every company, and say what to write', () => {
    for (const path of ['common/v2.0', 'organizations/v2.0', 'consumers', 'COMMON', 'Organizations/', '']) {
      const url = `https://login.microsoftonline.com/${path}`
      assert.throws(
        () => issuer(url),
        /every company: write https:\/\/login\.microsoftonline\.com\/TENANT-ID\/v2\.0/,
        url,
      )
    }
    assert.throws(() => issuer('https://sts.windows.net/'), /every company/)
    assert.throws(() => issuer('https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'), /every/)
  })

  it('want the identity provider complete, and the mail server with a sender', () => {
    assert.throws(() => readSettings(OIDC), /also needs LANEKEEPER_OIDC_ISSUER/)
    assert.throws(
      () => readSettings({ LANEKEEPER_SMTP_URL: 'smtp://mail.acme.test' }),
      /LANEKEEPER_SMTP_URL also needs LANEKEEPER_MAIL_FROM/,
    )
    assert.throws(() => readSettings({ LANEKEEPER_MAIL_FROM: 'a@b.test' }), /also needs LANEKEEPER_SMTP_URL/)
    const mail = { LANEKEEPER_SMTP_URL: 'smtps://u:p@mail.acme.test', LANEKEEPER_MAIL_FROM: 'Lanekeeper <a@acme.test>' }
    assert.equal(readSettings(mail).mailFrom, 'Lanekeeper <a@acme.test>')
    for (const url of ['https://mail.acme.test', 'mail.acme.test:25', 'smtp://mail.acme.test/?secure=false']) {
      assert.throws(
        () => readSettings({ ...mail, LANEKEEPER_SMTP_URL: url }),
        /LANEKEEPER_SMTP_URL (is not|holds more)/,
        url,
      )
    }
    for (const from of ['lanekeeper', 'a@b.test, c@d.test', 'A <a@b.test>\nBcc: x@y.test', '<a@b.test>']) {
      assert.throws(() => readSettings({ ...mail, LANEKEEPER_MAIL_FROM: from }), /is not one address/, from)
    }
  })

  it('are all listed by --help, and --help lists nothing else', () => {
    const help = settingsHelp({})
    for (const { name, says } of Object.values(SETTINGS)) assert.ok(help.includes(`  ${name} `) && help.includes(says))
    const listed = help.match(/^ {2}[A-Z_]+/gm)?.map((name) => name.trim())
    assert.deepEqual(
      listed,
      Object.values(SETTINGS).map(({ name }) => name),
    )
  })

  it('are summarised without any secret, with a hash that a changed secret changes', () => {
    const environment = { PORT: '1', DATABASE_URL: 'postgres://u:hush@h/d', LANEKEEPER_HUBSPOT_TOKEN: 'hush' }
    const summary = describeSettings(environment)
    assert.ok(!JSON.stringify(summary).includes('hush'))
    assert.equal(summary.given.PORT, '1')
    assert.notEqual(summary.hash, describeSettings({ ...environment, LANEKEEPER_HUBSPOT_TOKEN: 'other' }).hash)
  })

  it('take keys only of the right length', () => {
    const key = Buffer.alloc(32, 7).toString('base64')
    assert.deepEqual(
      readSettings({ LANEKEEPER_KEYS: `v2:${key},v1:${key}` }).keys?.map(({ version }) => version),
      ['v2', 'v1'],
    )
    assert.throws(() => readSettings({ LANEKEEPER_KEYS: 'v1:c2hvcnQ=' }), /32 random bytes/)
  })
})

describe('the hosts that may be given credentials', () => {
  it("are the vendors' own and those that are named, and this machine only while nobody reaches us from outside", () => {
    const rule = (environment: Record<string, string>) => crmAddressRule(readSettings(environment))
    assert.deepEqual(rule({}), { allowsLoopback: true, extraHosts: [] })
    const named = {
      LANEKEEPER_PUBLIC_URL: 'https://lanes.acme.example',
      LANEKEEPER_CRM_HOSTS: 'CRM.example, *.b.example',
    }
    assert.deepEqual(rule(named), { allowsLoopback: false, extraHosts: ['crm.example', '*.b.example'] })
    for (const url of ['http://127.0.0.1:4000', 'http://127.8.0.1', 'http://[::1]:4000', 'https://localhost:4443']) {
      assert.equal(rule({ LANEKEEPER_PUBLIC_URL: url }).allowsLoopback, true, url)
    }
    for (const url of ['http://lanekeeper.corp:4000', 'http://10.0.0.7:4000', 'http://localhost.evil.example']) {
      assert.equal(rule({ LANEKEEPER_PUBLIC_URL: url }).allowsLoopback, false, url)
    }
    assert.throws(() => readSettings({ LANEKEEPER_CRM_HOSTS: 'https://crm.example/' }), /is not a host/)
  })
})

describe('the folder whose files count', () => {
  const folder = (environment: Record<string, string>) => configFolder(readSettings(environment))

  it('is the examples with the sandbox, and none with a CRM of one’s own', () => {
    assert.equal(folder({ LANEKEEPER_SANDBOX: 'on' }), EXAMPLES)
    assert.equal(folder({ LANEKEEPER_SANDBOX: 'off' }), null)
    assert.equal(folder({ LANEKEEPER_SANDBOX: 'off', LANEKEEPER_CONFIG_DIR: '' }), null)
    // Before a start has found out, nothing is read.
    assert.equal(folder({}), null)
  })

  it('is the one that somebody named, with the sandbox and without', () => {
    for (const sandbox of ['on', 'off']) {
      assert.equal(folder({ LANEKEEPER_SANDBOX: sandbox, LANEKEEPER_CONFIG_DIR: '/etc/lanes' }), '/etc/lanes')
    }
  })
})

describe('the key file', () => {
  it('is made once, for the owner only, however many processes ask at the same time', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-keys-'))
    try {
      const asked = await Promise.all(Array.from({ length: 8 }, () => loadKeys({ keys: null, dataDir })))
      assert.equal(new Set(asked.map((keys) => keys[0]?.key.toString('hex'))).size, 1)
      assert.equal((await stat(join(dataDir, 'keys'))).mode & 0o777, 0o600)
      assert.match(await readFile(join(dataDir, 'keys'), 'utf8'), /^v1:/)
    } finally {
      await rm(dataDir, { recursive: true })
    }
  })
})
