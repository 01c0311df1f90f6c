import { spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import type { SandboxInfo } from '../../src/cli/stack/sandbox-process.ts'
import { type Stack, type StackOptions, startStack } from '../../src/cli/stack/stack.ts'
import { untilQuiet } from '../../src/cli/stack/wait-until-idle.ts'
import type { Database } from '../../src/store/database/database.ts'
import { backlogs } from '../../src/store/decisions/backlog-view.ts'
import { applyBacklog } from '../support/apply-backlog.ts'

export type TestStack = {
  readonly stack: Stack
  readonly db: Database
  readonly url: string
  readonly sandbox: SandboxInfo
  readonly hubspot: Control
  readonly salesforce: Control
  /** Lines that the service and the workers wrote, newest last. */
  readonly logs: readonly string[]
  stop(): Promise<void>
}

/** The sandbox's own path for tests: docs/sandbox.md. */
export type Control = {
  get<T>(path: string): Promise<T>
  post<T = unknown>(path: string, body: object): Promise<T>
  fault(fault: { readonly kind: string } & Record<string, unknown>): Promise<unknown>
  clearFaults(): Promise<unknown>
  tasks(): Promise<ListedTask[]>
}

/** A task as the CRM lists it, with what "open" means in either CRM. */
export type ListedTask = {
  readonly id: string
  readonly key: string | null
  readonly subject: string
  readonly ownerEmail: string | null
  readonly open: boolean
  readonly about: readonly { readonly objectType: string; readonly id: string }[]
}

const LOGS_MAX = 4_000

/** The whole product on temporary data, as `npm run demo` starts it. Settings of a real installation do not reach it. */
export async function startTestStack(
  options: {
    readonly environment?: Readonly<Record<string, string>>
    readonly pollSeconds?: number
    readonly stack?: StackOptions
  } = {},
): Promise<TestStack> {
  const logs: string[] = []
  const starting = new AbortController()
  const stack = await startStack({
    temporary: true,
    environment: {
      ...withoutOurs(process.env),
      // A lost answer is looked for when the deadline of its call is over, and these tests wait for that.
      LANEKEEPER_CALL_DEADLINE_MS: '8000',
      LANEKEEPER_SANDBOX: 'on',
      LANEKEEPER_POLL_SECONDS: String(options.pollSeconds ?? 5),
      ...options.environment,
    },
    // Most of these tests are about our own time and order. One that wants HubSpot's says so with arguments of its own.
    sandboxArgs: ['--small', '--at-once'],
    buildConsole: false,
    onLog(name, line) {
      if (logs.push(`${name}: ${line}`) > LOGS_MAX) logs.shift()
    },
    signal: starting.signal,
    ...options.stack,
  })
  const { sandbox } = stack
  if (!sandbox) throw new Error('The stack has no sandbox')
  // A run that is cut short by its runner must leave no database behind.
  const onSignal = () => void stack.stop().finally(() => process.exit(130))
  process.once('SIGTERM', onSignal)
  process.once('SIGINT', onSignal)
  return {
    stack,
    db: stack.db,
    url: `http://127.0.0.1:${stack.settings.port}`,
    sandbox,
    hubspot: control(sandbox.hubspot.baseUrl, sandbox.hubspot.controlSecret),
    salesforce: control(sandbox.salesforce.loginUrl, sandbox.salesforce.controlSecret),
    logs,
    async stop() {
      process.removeListener('SIGTERM', onSignal)
      process.removeListener('SIGINT', onSignal)
      await stack.stop()
    },
  }
}

export function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(LANEKEEPER_|DATABASE_URL$|REDIS_URL$|DATA_DIR$|PORT$|HOST$|NODE_TEST)/.test(name),
    ),
  )
}

export function control(url: string, secret: string): Control {
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${url}/__sandbox/${path}`, {
      method,
      headers: { 'x-sandbox-control': secret, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`The sandbox answered ${response.status} to ${method} ${path}: ${text}`)
    return JSON.parse(text) as T
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    fault: (fault) => call('POST', 'faults', fault),
    clearFaults: () => call('DELETE', 'faults'),
    async tasks() {
      const { tasks } = await call<{ tasks: (Omit<ListedTask, 'open'> & { status: string; closed?: boolean })[] }>(
        'GET',
        'tasks',
      )
      return tasks.map(({ status, closed, ...task }) => ({
        ...task,
        open: closed === undefined ? status !== 'COMPLETED' : !closed,
      }))
    },
  }
}

/** Waits for `probe` to give something other than null, undefined or false. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const givesUpAt = Date.now() + limitMs
  for (;;) {
    const found = await probe()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > givesUpAt) throw new Error(`Not within ${limitMs / 1000} s: ${what}`)
    await wait(100)
  }
}

/** Nothing waits in our tables, and no webhook is on its way. `withWebhooks` false: HubSpot goes on retrying deliveries that we refuse. */
export async function quiet({ db, hubspot }: TestStack, limitMs = 60_000, withWebhooks = true): Promise<void> {
  await untilQuiet(db, {
    calmMs: 1_200,
    limitMs,
    alsoQuiet: async () =>
      !withWebhooks || (await hubspot.get<{ webhooks: { pending: number } }>('stats')).webhooks.pending === 0,
  })
}

/** What the first import asks of rules waits for a person: here the versions are applied to all of it, and it is written. */
export async function applied(test: TestStack, limitMs = 60_000, withWebhooks = true): Promise<void> {
  for (const { workflow } of await backlogs(test.db)) await applyBacklog(test.db, workflow)
  await quiet(test, limitMs, withWebhooks)
}

/** A poll of both CRMs that began after this call is over: whatever the webhooks did, everything was seen. */
export async function polled({ db }: TestStack, limitMs = 40_000): Promise<void> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  for (let turn = 0; turn < 2; turn += 1) {
    // The first one that ends after now may have begun before it; the second one has not.
    const since =
      turn === 0
        ? rows[0]!.now
        : (await sql<{ at: Date }>`select max(polled_at) as at from connection`.execute(db)).rows[0]!.at
    await until(
      'both CRMs were polled',
      async () => {
        const waiting = await one<{ n: number }>(
          db,
          sql`select count(*)::int as n from connection where polled_at is null or polled_at <= ${since}`,
        )
        return waiting.n === 0
      },
      limitMs,
    )
  }
}

/** The scripted Tuesday, as another program with its people's rights. Resolves when the day is over. */
export async function playTuesday(sandbox: SandboxInfo, onStep: (step: string) => void = () => undefined) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../sandbox/tuesday/main.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    for (let end = said.indexOf('\n'); end >= 0; end = said.indexOf('\n')) {
      const { step } = JSON.parse(said.slice(0, end)) as { step?: string }
      said = said.slice(end + 1)
      if (step) onStep(step)
    }
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  child.stdin.end(JSON.stringify(sandbox))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`The scripted Tuesday failed: ${complaint || `exit code ${code}`}`)
}

export async function rows<T>(db: Database, query: ReturnType<typeof sql>): Promise<T[]> {
  return (await (query as ReturnType<typeof sql<T>>).execute(db)).rows
}

export async function one<T>(db: Database, query: ReturnType<typeof sql>): Promise<T> {
  const found = await rows<T>(db, query)
  if (found.length !== 1) throw new Error(`Expected one row, found ${found.length}`)
  return found[0]!
}
