import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { keptVersions } from '../../src/cli/terminal/policy-mistakes.ts'
import { applied, one, quiet, rows, startTestStack, type TestStack, until } from './stack.ts'

const BROKEN_FILE = 'lead-routing.yaml'
const STRANGER = 'nobody.atall@brightwater.example'

/** What strangers, accidents and mistaken administrators send and do; one running product, two of its policies bad. */
describe('bad input', { timeout: 180_000 }, () => {
  let test: TestStack
  let configDir: string
  let database: ChildProcess | null = null
  let serial = 0

  before(async () => {
    configDir = await mkdtemp(join(tmpdir(), 'lanekeeper-config-'))
    await cp(fileURLToPath(new URL('../../config/examples', import.meta.url)), configDir, { recursive: true })
    await replaceIn('workflows/lead-routing.yaml', 'mode: live', 'mode: lively')
    await replaceIn('workflows/account-ownership.yaml', /nina\.petrova@brightwater\.example/g, STRANGER)
    test = await startTestStack({ environment: { LANEKEEPER_CONFIG_DIR: configDir } })
    await quiet(test)
    await applied(test)
  })
  after(async () => {
    if (test) {
      await Promise.all([test.stack.children.service.stop(5_000), test.stack.children.workers.stop(5_000)])
      if (database && database.exitCode === null && database.signalCode === null) {
        const gone = once(database, 'exit')
        database.kill('SIGINT')
        await gone
      }
      await test.stop()
    }
    if (configDir) await rm(configDir, { recursive: true, force: true })
  })

  async function replaceIn(file: string, what: string | RegExp, by: string): Promise<void> {
    const path = join(configDir, file)
    const before = await readFile(path, 'utf8')
    const changed = before.replace(what, by)
    assert.notEqual(changed, before)
    await writeFile(path, changed)
  }

  const webhookUrl = () => `${test.url}/webhooks/hubspot`

  function notification(more: Record<string, unknown> = {}) {
    serial += 1
    return {
      eventId: 900_000 + serial,
      subscriptionId: 1,
      portalId: test.sandbox.hubspot.portalId,
      appId: test.sandbox.hubspot.appId,
      occurredAt: Date.now(),
      subscriptionType: 'contact.propertyChange',
      attemptNumber: 0,
      objectId: 880_000_000 + serial,
      propertyName: 'company',
      propertyValue: `Sent ${serial}`,
      changeSource: 'CRM_UI',
      sourceId: 'userId:1',
      ...more,
    }
  }

  async function send(
    body: string | Buffer,
    { secret = test.sandbox.hubspot.clientSecret, atMs = Date.now(), signed = true } = {},
  ): Promise<{
    status: number
    type: string
    retryAfter: string | null
    problem: Record<string, unknown> | null
    ms: number
  }> {
    const raw = Buffer.from(body)
    const signature = createHmac('sha256', secret)
      .update(`POST${webhookUrl()}`)
      .update(raw)
      .update(String(atMs))
      .digest('base64')
    const from = performance.now()
    const response = await fetch(webhookUrl(), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signed ? { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(atMs) } : {}),
      },
      body: raw,
    })
    const text = await response.text()
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after'),
      problem: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : null,
      ms: performance.now() - from,
    }
  }

  async function counted(name: string, detail: string): Promise<number> {
    const row = await one<{ n: number }>(
      test.db,
      sql`select coalesce(sum(n), 0)::int as n from counter where name = ${name} and detail = ${detail}`,
    )
    return row.n
  }

  async function storedFor(objectId: number): Promise<number> {
    const row = await one<{ n: number }>(
      test.db,
      sql`select count(*)::int as n from change_event where record_id = ${String(objectId)}`,
    )
    return row.n
  }

  for (const { what, detail, options } of [
    { what: 'a forged signature', detail: 'bad-signature', options: () => ({ secret: 'guessed' }) },
    { what: 'a delivery of six minutes ago', detail: 'stale', options: () => ({ atMs: Date.now() - 360_000 }) },
    { what: 'no signature', detail: 'malformed', options: () => ({ signed: false }) },
  ]) {
    it(`part of promise 11, fault matrix 26: ${what} is answered 401, counted and stored nowhere`, async () => {
      const sent = notification()
      const before = await counted('webhook-refused', detail)
      const answer = await send(JSON.stringify([sent]), options())
      assert.equal(answer.status, 401)
      assert.match(answer.type, /application\/problem\+json/)
      assert.equal(await counted('webhook-refused', detail), before + 1)
      assert.equal(await storedFor(sent.objectId), 0)
    })
  }

  for (const { what, body } of [
    { what: 'no JSON', body: () => '[{' },
    { what: 'no list', body: () => '{"a":1}' },
    { what: 'JSON nested 10,000 deep', body: () => `${'['.repeat(10_000)}${']'.repeat(10_000)}` },
  ]) {
    it(`fault matrix 40: ${what}, signed, is answered 400 and counted`, async () => {
      const before = await counted('webhook-refused', 'format')
      const answer = await send(body())
      assert.equal(answer.status, 400)
      assert.match(answer.type, /application\/problem\+json/)
      assert.equal(await counted('webhook-refused', 'format'), before + 1)
    })
  }

  it('fault matrix 41: a webhook over the limit of 8 MiB is answered 503 and counted', async () => {
    const answer = await send(Buffer.alloc(8 * 1024 * 1024 + 1, 0x20))
    assert.equal(answer.status, 503)
    assert.match(answer.type, /application\/problem\+json/)
    assert.equal(await counted('webhook-refused', 'too-large'), 1)
  })

  it('fault matrix 27: a portal that nobody connected is answered 2xx, counted and stored nowhere', async () => {
    const sent = notification({ portalId: 123_456 })
    const answer = await send(JSON.stringify([sent]))
    assert.ok(answer.status >= 200 && answer.status < 300, String(answer.status))
    assert.equal(await counted('webhook-unknown-portal', '123456'), 1)
    assert.equal(await storedFor(sent.objectId), 0)
  })

  it('fault matrix 40: NUL, lone surrogates and __proto__ in a value are stored or refused, never retried for ever', async () => {
    for (const value of ['"a\\u0000b"', '"\\ud800"', '"\\udc00x"', '1e400', '{"__proto__":{"x":1}}']) {
      const sent = notification()
      const answer = await send(JSON.stringify([sent]).replace(JSON.stringify(sent.propertyValue), value))
      assert.ok(answer.status < 500, `${value}: ${answer.status}`)
      if (answer.status < 300) {
        await until(
          `${value} comes to its end`,
          async () =>
            (
              await rows(
                test.db,
                sql`select 1 from change_event where record_id = ${String(sent.objectId)} and state = 'received'`,
              )
            ).length === 0,
          15_000,
        )
      }
    }
  })

  it('fault matrix 24: a hundred identical deliveries at once are one row', async () => {
    const sent = notification()
    const body = JSON.stringify([sent])
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(body)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]))
    assert.equal(
      (
        await rows(
          test.db,
          sql`select 1 from change_event where record_id = ${String(sent.objectId)} and source = 'webhook'`,
        )
      ).length,
      1,
    )
  })

  it('a policy with a mistake is refused by file, line and field, and decides nothing; the others run', async () => {
    const found = await rows<{
      workflow: string
      mode: string
      error: { file: string; errors: { line: number; field: string; message: string }[] } | null
    }>(test.db, sql`select workflow, effective_mode as mode, load_error as error from workflow order by workflow`)
    const broken = found.find(({ workflow }) => workflow === 'lead-routing')
    assert.ok(broken?.error?.file.endsWith(BROKEN_FILE), JSON.stringify(broken))
    const [mistake] = broken!.error!.errors
    const lines = (await readFile(join(configDir, 'workflows', BROKEN_FILE), 'utf8')).split('\n')
    assert.match(lines[mistake!.line - 1] ?? '', /mode: lively/)
    assert.equal(mistake!.field, 'mode')
    assert.equal(broken!.mode, 'draft')
    assert.equal(found.find(({ workflow }) => workflow === 'inbound-lead-routing')?.mode, 'live')
    const decided = await rows<{ workflow: string }>(test.db, sql`select distinct workflow from exception order by 1`)
    assert.ok(!decided.some(({ workflow }) => workflow === 'lead-routing'))
    assert.ok(decided.some(({ workflow }) => workflow === 'inbound-lead-routing'))
  })

  it('a policy that gets a mistake keeps its last good version running over a restart of the workers, and says which', async () => {
    await replaceIn('workflows/inbound-lead-routing.yaml', 'mode: live', 'mode: lively')
    const { workers } = test.stack.children
    const before = workers.pid()
    process.kill(before!, 'SIGKILL')
    await until('the workers read the files again', async () => {
      const [row] = await rows<{ mode: string; refused: boolean }>(
        test.db,
        sql`select effective_mode as mode, load_error is not null and hash is not null as refused from workflow
          where workflow = 'inbound-lead-routing'`,
      )
      assert.equal(row?.mode, 'live')
      return row.refused
    })
    const lines = await keptVersions(test.db)
    assert.match(lines.join('\n'), /^inbound-lead-routing: its file has errors; version 1 of .* keeps running\.$/m)
    assert.match(lines.join('\n'), /^lead-routing does not run: its file has errors/m)
    await replaceIn('workflows/inbound-lead-routing.yaml', 'mode: lively', 'mode: live')
  })

  it('part of M2: a policy that names a person whom no CRM knows is not ready, says which job, and no rule of it writes; its cases still have tasks', async () => {
    const row = await one<{ mode: string; problems: { job: string; problem: string }[] }>(
      test.db,
      sql`select effective_mode as mode, problems from workflow where workflow = 'account-ownership'`,
    )
    assert.equal(row.mode, 'observe')
    assert.ok(
      row.problems.some(({ job, problem }) => job === 'override' && problem === 'Nobody has the job "override"'),
      JSON.stringify(row.problems),
    )
    const ofUnready = await rows<{ kind: string }>(
      test.db,
      sql`select distinct kind from intent where workflow = 'account-ownership' order by kind`,
    )
    // A task, and hanging it on its record; no owner.
    assert.deepEqual(ofUnready, [{ kind: 'link' }, { kind: 'task' }])
    assert.ok(
      (await rows(test.db, sql`select 1 from intent where workflow = 'inbound-lead-routing' and kind = 'owner'`))
        .length > 0,
      'no workflow writes owners: the check would see nothing',
    )
  })

  it('part of promises 1, 2 and 8, fault matrix 12: while the database is dead webhooks get a 503 within 2 s; what was accepted is there when it is back, and work goes on by itself', {
    skip: existsSync('/proc') ? false : 'needs /proc',
  }, async () => {
    const { pid } = await one<{ pid: number }>(
      test.db,
      sql`select split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int as pid`,
    )
    const again = await commandOf(pid)
    const accepted: number[] = []
    const refused: Awaited<ReturnType<typeof send>>[] = []
    let loading = true
    const load = Array.from({ length: 4 }, async () => {
      while (loading) {
        const sent = notification()
        const answer = await send(JSON.stringify([sent]))
        if (answer.status < 300) accepted.push(sent.objectId)
        else refused.push(answer)
        await wait(20)
      }
    })
    try {
      await until('some load is accepted', () => accepted.length > 40)
      process.kill(pid, 'SIGKILL')
      await until('deliveries are refused', () => refused.length > 8)
      await wait(1_000)
    } finally {
      database = await again.start()
    }
    const before = accepted.length
    await until('deliveries are accepted again', () => accepted.length > before + 20, 20_000)
    loading = false
    await Promise.all(load)

    for (const answer of refused) {
      assert.equal(answer.status, 503)
      assert.ok(Number(answer.retryAfter) > 0, `Retry-After: ${answer.retryAfter}`)
      assert.ok(answer.ms < 2_500, `${answer.ms} ms`)
    }
    const stored = await rows<{ record_id: string }>(
      test.db,
      sql`select distinct record_id from change_event where record_id = any(${accepted.map(String)}::text[])`,
    )
    assert.equal(stored.length, accepted.length, 'accepted and lost')
    await until(
      'what waited is applied',
      async () => (await rows(test.db, sql`select 1 from change_event where state = 'received' limit 1`)).length === 0,
      20_000,
    )
    const workers = test.stack.children.workers.pid()
    assert.ok(workers !== null)
  })

  it('part of promise 16, fault matrix 6: told to stop in the middle of work, service and workers are gone within 10 s and nothing is lost', async () => {
    const ids = Array.from({ length: 200 }, () => notification())
    await Promise.all(ids.map((sent) => send(JSON.stringify([sent]))))
    const { service, workers } = test.stack.children
    const from = performance.now()
    // The cap given here is above the promise, so that it is the processes that keep it.
    await Promise.all([service.stop(15_000), workers.stop(15_000)])
    const ms = performance.now() - from
    assert.ok(ms < 10_000, `${ms} ms`)
    const stored = await rows(
      test.db,
      sql`select distinct record_id from change_event where record_id = any(${ids.map(({ objectId }) => String(objectId))}::text[])`,
    )
    assert.equal(stored.length, ids.length)
    assert.deepEqual(
      (await rows<{ state: string }>(test.db, sql`select distinct state from change_event`))
        .map(({ state }) => state)
        .filter((state) => !['received', 'applied', 'skipped'].includes(state)),
      [],
    )
  })
})

/** How this process was started, so that it can be started again as the same user on the same port. */
async function commandOf(pid: number): Promise<{ start(): Promise<ChildProcess> }> {
  const [executable, commandLine, owner] = await Promise.all([
    readlink(`/proc/${pid}/exe`),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    stat(`/proc/${pid}`),
  ])
  const args = commandLine.split('\0').slice(1, -1)
  return {
    async start() {
      const givesUpAt = Date.now() + 15_000
      for (;;) {
        const child = spawn(executable, args, {
          stdio: 'ignore',
          cwd: '/',
          ...(process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
        })
        // Children of the killed one let go of its shared memory in a moment; until then the new one ends at once.
        const ended = await Promise.race([once(child, 'exit').then(() => true), wait(700).then(() => false)])
        if (!ended) return child
        if (Date.now() > givesUpAt) throw new Error('Postgres did not start again')
      }
    },
  }
}
