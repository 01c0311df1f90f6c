import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { runSandbox, type Sandbox } from '../../src/cli/stack/sandbox-process.ts'
import { uploadProject } from '../../src/cli/stack/sandbox-project.ts'
import { type Stack, startStack } from '../../src/cli/stack/stack.ts'
import { untilQuiet } from '../../src/cli/stack/wait-until-idle.ts'
import { loadPolicies } from '../../src/config/policies/policy-files.ts'
import { seedFromFiles } from '../../src/publishing/follow-files.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { SHIPPED } from '../support/config-copy.ts'
import { type Control, control, one, rows, until, withoutOurs } from './stack.ts'

/** An admin with two CRMs and a terminal; the product without a sandbox of its own, the CRMs as programs beside it. */
describe('connecting from a terminal', { timeout: 240_000 }, () => {
  let stack: Stack
  let crms: Sandbox
  let hubspot: Control
  let salesforce: Control
  const logs: string[] = []

  before(async () => {
    stack = await startStack({
      temporary: true,
      own: true,
      buildConsole: false,
      environment: { ...withoutOurs(process.env), LANEKEEPER_POLL_SECONDS: '5' },
      onLog: (name, line) => logs.push(`${name}: ${line}`),
    })
    // As two people publish them: an own installation has nothing in force by itself.
    await seedFromFiles(stack.db, SHIPPED, loadPolicies(SHIPPED))
    crms = await runSandbox({
      webhookUrl: webhookUrl(),
      args: ['--small'],
      environment: withoutOurs(process.env),
      onLine: () => undefined,
      onDeath: () => undefined,
      signal: new AbortController().signal,
    })
    hubspot = control(crms.info.hubspot.baseUrl, crms.info.hubspot.controlSecret)
    salesforce = control(crms.info.salesforce.loginUrl, crms.info.salesforce.controlSecret)
    // The portal tells of what the app's project names, and of nothing without it.
    await uploadProject(crms.info, stack.settings)
  })
  after(async () => {
    await stack?.stop()
    await crms?.stop(5_000)
  })
  const webhookUrl = () => `http://127.0.0.1:${stack.settings.port}/webhooks/hubspot`

  type Answer = { readonly code: number | null; readonly said: string }
  function run(args: readonly string[], secrets?: object): Promise<Answer> {
    const [command, ...rest] = args
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL(`../../src/cli/${command}.ts`, import.meta.url)), ...rest],
      {
        env: { ...withoutOurs(process.env), DATA_DIR: stack.settings.dataDir, PORT: String(stack.settings.port) },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
    }
    child.stdin.end(secrets ? JSON.stringify(secrets) : '')
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, said }))
    })
  }
  const connectHubSpot = (secrets: object) => {
    const { baseUrl, appId } = crms.info.hubspot
    const where = ['--base-url', baseUrl, '--app-id', String(appId), '--webhook-url', webhookUrl()]
    return run(['connect', 'hubspot', ...where, '--secrets', '-', '--task-key', '--yes'], secrets)
  }
  const hubSpotId = () => `hubspot-${crms.info.hubspot.portalId}`
  const openTasks = async () =>
    [...(await hubspot.tasks()), ...(await salesforce.tasks())].filter(({ open, key }) => open && key)

  it('a token that HubSpot refuses ends with its words and the step, and nothing is kept', async () => {
    const { code, said } = await connectHubSpot({ token: 'pat-not-this-one', clientSecret: 'nor-this-one' })
    assert.equal(code, 1)
    assert.match(said, /401/)
    assert.doesNotMatch(said, /pat-not-this-one|nor-this-one/)
    const left = sql<{
      n: number
    }>`select (select count(*) from connection) + (select count(*) from connection_draft) as n`
    assert.deepEqual(await one(stack.db, left), { n: 0 })
  })

  it('both CRMs are tried, connected and read, and nothing is written to them', async () => {
    const { token, clientSecret } = crms.info.hubspot
    const first = await connectHubSpot({ token, clientSecret })
    assert.equal(first.code, 0, first.said)
    assert.match(first.said, /✔ Read contacts/)
    assert.match(first.said, /✔ Verify webhook signatures/)
    assert.match(first.said, /our share is 125,000 a day/)
    assert.match(first.said, /only|until you say so/)

    const { loginUrl, clientId, clientSecret: secret, pubsubAddress } = crms.info.salesforce
    const where = ['--login-url', loginUrl, '--client-id', clientId, '--pubsub', pubsubAddress]
    const second = await run(['connect', 'salesforce', ...where, '--secrets', '-', '--yes'], { clientSecret: secret })
    assert.equal(second.code, 0, second.said)
    assert.match(second.said, /✔ Receive change events of the org/)

    await until(
      'cases of both CRMs',
      async () => (await rows(stack.db, sql`select distinct connection_id from exception`)).length === 2,
    )
    const listed = await run(['connections'])
    assert.equal(listed.said.match(/only read/g)?.length, 2, listed.said)
    assert.deepEqual(await openTasks(), [])
  })

  it('writes tasks once the admin lets it', async () => {
    for (const { id } of await rows<{ id: string }>(stack.db, sql`select id from connection`)) {
      assert.equal((await run(['connections', 'allow-writes', id])).code, 0)
    }
    await until(
      'tasks in both CRMs',
      async () => (await hubspot.tasks()).length > 0 && (await salesforce.tasks()).length > 0,
    )
  })

  it('hears of a change by webhook and goes on with new keys while it runs', async () => {
    const rotated = await run(['rotate-keys'])
    assert.match(rotated.said, /with key "v2"[\s\S]*stays until the next rotation/)
    const before = await one<{ n: number }>(
      stack.db,
      sql`select count(*)::int as n from change_event where source = 'webhook'`,
    )
    const contact = await one<{ id: string }>(
      stack.db,
      sql`select record_id as id from record
      where connection_id = ${hubSpotId()} and object_type = 'contacts' and not deleted limit 1`,
    )
    await hubspot.post('changes', {
      changes: [
        {
          objectType: 'contacts',
          id: contact.id,
          properties: { jobtitle: 'Head of Lanes', city: 'Bern', country: 'CH' },
        },
      ],
    })
    await until('the webhook', async () => {
      const now = await one<{ n: number }>(
        stack.db,
        sql`select count(*)::int as n from change_event where source = 'webhook'`,
      )
      return now.n > before.n
    })
    // A connection that could not open its credentials would say so.
    assert.deepEqual(await rows(stack.db, sql`select status from connection where status <> 'connected'`), [])
  })

  it('ends a connection: the tasks stay, what was read goes, the ledger still adds up', async () => {
    await untilQuiet(stack.db, { calmMs: 1_000, limitMs: 60_000 })
    const tasks = (await hubspot.tasks()).length
    const { code, said } = await run(['connections', 'disconnect', hubSpotId(), '--history', 'erase', '--yes'])
    assert.equal(code, 0, said)
    assert.match(said, /tasks? stays? in HubSpot/)
    assert.equal((await hubspot.tasks()).length, tasks)
    const left = sql<{ n: number }>`select (select count(*) from record where connection_id = ${hubSpotId()})
      + (select count(*) from change_event where connection_id = ${hubSpotId()}) as n`
    assert.deepEqual(await one(stack.db, left), { n: 0 })
    assert.equal((await verifyLedger(stack.db)).ok, true)
  })

  it('never showed a secret: not in the logs, not in the database, not in a file', async () => {
    const { hubspot: hs, salesforce: sf } = crms.info
    const secrets = [hs.token, hs.clientSecret, sf.clientSecret]
    const stored = await rows<{ row: string }>(
      stack.db,
      sql`select row_to_json(made)::text as row from connection made
      union all select row_to_json(entry)::text from ledger entry union all select row_to_json(noted)::text from notice noted
      union all select row_to_json(draft)::text from connection_draft draft`,
    )
    const keyFile = await readFile(join(stack.settings.dataDir, 'keys'), 'utf8')
    const everything = [...logs, ...stored.map(({ row }) => row), keyFile].join('\n')
    assert.ok(everything.length > 10_000)
    for (const secret of secrets) assert.equal(everything.includes(secret), false)
  })
})
