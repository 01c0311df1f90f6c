import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { type HubSpotSandbox, startHubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import type { SandboxSettings } from '../../sandbox/hubspot/portal/settings.ts'
import { AT_ONCE } from '../../sandbox/hubspot/portal/settings.ts'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { type SalesforceUser, salesforceUser } from '../../sandbox/tuesday/crm-user.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'
import { loadPolicies, policyHash } from '../../src/config/policies/policy-files.ts'
import { accessNeeds } from '../../src/connections/access/required-access.ts'
import { parseWebhook } from '../../src/crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../src/crm/hubspot/webhook/events.ts'
import { fieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import {
  type PolicyFiles,
  policiesOf,
  publishPolicies,
  refreshReadiness,
} from '../../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import type { StageHandler } from '../../src/queue/consumer.ts'
import type { Stage } from '../../src/queue/stages.ts'
import type { Queues } from '../../src/queue/wake.ts'
import { beat } from '../../src/store/database/counters.ts'
import type { Database } from '../../src/store/database/database.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { listNotices, type Notice } from '../../src/store/notices/notices.ts'
import { watchOnce } from '../../workers/background/watch.ts'
import type { ConnectedClient, WorkerContext } from '../../workers/runtime/context.ts'
import { noticesOf } from '../../workers/runtime/notices.ts'
import { runAct } from '../../workers/stages/act.ts'
import { runApply } from '../../workers/stages/apply.ts'
import { runDecide } from '../../workers/stages/decide.ts'
import { runPoll } from '../../workers/stages/poll.ts'
import { runRefresh } from '../../workers/stages/refresh.ts'
import { runVerify } from '../../workers/stages/verify.ts'
import { testDatabase } from '../support/database.ts'
import { webhooksFileOf } from '../support/webhooks-file.ts'
import { connectDay } from './day-connections.ts'

export type Crm = 'hubspot' | 'salesforce'
export const BOTH = ['hubspot', 'salesforce'] as const

/** Days have nothing in common, and each waits for seconds of the CRMs' clocks with nothing to do. */
export const DAYS_AT_ONCE = 2

export type Day = Awaited<ReturnType<typeof startDay>>

const CONFIG = fileURLToPath(new URL('../../config/examples', import.meta.url))

/** One hundredth of the sandbox's data: some 600 records, with every defect of the whole. */
const SCALE = 0.01

export type DayOptions = {
  /** How far the clocks of both CRMs are ahead of ours; negative: behind. */
  readonly crmAheadMs?: number
  readonly hubspot?: Partial<SandboxSettings>
  /** Changes the policies before they are put in force. */
  readonly policies?: (policies: readonly Policy[]) => readonly Policy[]
}

/**
 * The workers' own code on a real database against both sandboxes over HTTP, in one process and driven by hand: nothing
 * runs but what a test lets run, and a wait of an hour is a change of the clock. `nowMs` is our clock; leases, pauses and
 * next attempts are on the database's, so `hurry` sets those back.
 */
export async function startDay(options: DayOptions = {}) {
  const database = await testDatabase()
  const { db } = database
  const worldNowMs = Date.now()
  const clockOffsetMs = options.crmAheadMs ?? 0
  const world = () => generateWorld({ seed: 7, nowMs: worldNowMs, scale: SCALE })
  const hubspot = await startHubSpotSandbox({
    world: world(),
    webhooksFile: webhooksFileOf(accessNeeds(policiesOf(policyFiles(options.policies)), 'hubspot')),
    // Each day puts in its own delays and disorder, and moves the clock instead of waiting.
    settings: { ...AT_ONCE, rateLimit: 5_000, webhookRetryBaseMs: 50, clockOffsetMs, ...options.hubspot },
  })
  const salesforce = await startSalesforceSandbox({ world: world(), settings: { clockOffsetMs } })
  const control = {
    hubspot: controlOf(hubspot.url, hubspot.credentials.controlSecret),
    salesforce: controlOf(salesforce.url, salesforce.credentials.controlSecret),
  }
  let offsetMs = 0
  const nowMs = () => Date.now() + offsetMs
  const files = policyFiles(options.policies)
  const policies = policiesOf(files)
  const stopping = new AbortController()
  const handlers = new Map<Stage, StageHandler>()
  const woken = new Set<string>()
  const clients = new Map<string, ConnectedClient>()
  const failures: unknown[] = []
  const logger = silentLogger(failures)
  const queues: Queues = {
    wake: (stage, connectionId) => void woken.add(`${stage}\n${connectionId}`),
    sweep: (stage, connectionId) => void woken.add(`${stage}\n${connectionId}`),
    consume: (stage, handler) => void handlers.set(stage, handler),
    ready: async () => undefined,
    problem: () => null,
    close: async () => undefined,
  }
  const context: WorkerContext = {
    db,
    databaseUrl: database.url,
    queues,
    logger,
    instance: 'day',
    publicUrl: 'http://console',
    pollEveryS: 300,
    nowMs,
    workflows: createWorkflowReader(db),
    clientOf: (id) => clients.get(id),
    connectionIds: () => [...clients.keys()],
    refreshReadiness: async () => void (await refreshReadiness(db)),
    fieldsOf: (crm, objectType) => fieldsNeeded(policies, crm, objectType),
    signal: stopping.signal,
  }
  await publishPolicies(db, files)
  await beat(db, 'worker', context.instance)
  for (const run of [runApply, runRefresh, runDecide, runAct, runVerify, runPoll]) run(context)
  const receiver = await startReceiver(
    db,
    hubspot,
    () => nowMs(),
    (id) => queues.wake('apply', id),
  )
  await control.hubspot.post('settings', { webhookUrl: receiver.url })
  const connected = await connectDay(
    db,
    { hubspot, salesforce },
    { nowMs, needsOf: (crm) => accessNeeds(policies, crm) },
  )
  for (const one of connected) {
    clients.set(one.connection.id, one)
    queues.wake('poll', one.connection.id)
  }
  // Our share of a CRM's calls is tested elsewhere; here it would only make every day minutes long.
  await sql`update call_budget set window_limit = 100000, search_limit_per_second = 100000`.execute(db)
  await context.refreshReadiness()

  const idOf = (crm: Crm): ConnectionId => connected.find(({ connection }) => connection.crm === crm)!.connection.id
  const people = await salesforceUser({
    loginUrl: salesforce.url,
    instanceUrl: salesforce.url,
    ...salesforce.credentials,
  } as Parameters<typeof salesforceUser>[0])

  const day = {
    db,
    url: database.url,
    hubspot,
    salesforce,
    control,
    context,
    people,
    receiver,
    failures,
    idOf,
    /** Moves our clock. The CRMs keep theirs. */
    advance(ms: number) {
      offsetMs += ms
    },
    nowMs,
    /** One stage of one connection, as a wake would run it. */
    run: (stage: Stage, crm: Crm) => handlers.get(stage)!(idOf(crm), stopping.signal),
    /** Whatever waits for a moment of the database's clock is due now. */
    async hurry() {
      await sql`update intent set next_attempt_at = now(), created_at = least(created_at, now() - interval '1 minute')
        where state in ('pending', 'unknown')`.execute(db)
      await sql`update record set read_after = null where needs_read is not null`.execute(db)
      await sql`update user_check set ask_after = now() where ask_after <> 'infinity' and attempts < 3`.execute(db)
      // A day that is over: its calls are free again.
      await sql`update call_budget set day_used = 0, limit_today = null, paused_until = null, window_limit = 100000, search_limit_per_second = 100000`.execute(
        db,
      )
    },
    /** Everything that is woken or overdue, once around. False: there was nothing. */
    async turn(): Promise<boolean> {
      for (const { stage, connectionId } of await findOverdue(db, 1_000_000)) queues.sweep(stage, connectionId)
      const batch = [...woken]
      woken.clear()
      for (const one of batch) {
        const [stage, connectionId] = one.split('\n') as [Stage, string]
        await handlers.get(stage)!(connectionId, stopping.signal)
      }
      await noticesOf(context).board.settled()
      return batch.length > 0
    },
    /** The watch's clock: notices that are over end, graces that are over are decided. */
    async watch(isTimeToTry = false) {
      await beat(db, 'worker', context.instance)
      await watchOnce(context, isTimeToTry)
      await noticesOf(context).board.settled()
    },
    /**
     * Runs all stages until nothing waits, with two polls of both CRMs in it, as ten minutes of an ordinary day would:
     * the second sees what was written after the first.
     */
    async untilQuiet(limitMs = 120_000) {
      for (let poll = 0; poll < 2; poll += 1) {
        if (poll > 0) await day.untilWritesAreSettled()
        for (const crm of BOTH) queues.wake('poll', idOf(crm))
        await day.untilNothingWaits(limitMs)
      }
      await day.watch()
    },
    /**
     * Salesforce keeps whole seconds, so a poll within the second of our write reads a row that looks like the one before
     * it, and is not believed over it until that second is over for good (src/crm/salesforce/read/record-event.ts).
     */
    async untilWritesAreSettled() {
      for (;;) {
        const [{ recent }] = (await day.rows<{ recent: boolean }>(
          sql`select exists (select 1 from written_value v join connection c on c.id = v.connection_id
            where c.crm = 'salesforce' and v.written_at > clock_timestamp() - interval '3 seconds') as recent`,
        )) as [{ recent: boolean }]
        if (!recent) return
        await wait(50)
      }
    },
    async untilWebhooksGone() {
      for (;;) {
        const { webhooks } = await control.hubspot.get<{ webhooks: { pending: number } }>('stats')
        if (webhooks.pending === 0) return
        await wait(10)
      }
    },
    /** The same without a poll: what was received, and what is overdue. */
    async untilNothingWaits(limitMs = 120_000) {
      const givesUpAt = Date.now() + limitMs
      for (let calm = 0; calm < 2; ) {
        await day.hurry()
        const moved = await day.turn()
        const { webhooks } = await control.hubspot.get<{ webhooks: { pending: number } }>('stats')
        calm = moved || webhooks.pending > 0 ? 0 : calm + 1
        if (webhooks.pending > 0) await wait(10)
        if (Date.now() > givesUpAt) throw new Error(`Not quiet within ${limitMs} ms: ${JSON.stringify([...woken])}`)
      }
    },
    notices: async (crm: Crm): Promise<Notice[]> => {
      await noticesOf(context).board.settled()
      return listNotices(db, { connectionId: idOf(crm), limit: 200 })
    },
    /** The notice of this code, open or ended; fails when there is none. */
    async notice(crm: Crm, code: string, subject?: string): Promise<Notice> {
      const all = await day.notices(crm)
      const found = all.find((one) => one.code === code && (subject === undefined || one.subject === subject))
      if (!found)
        throw new Error(
          `No notice "${code}" of ${crm}; there are: ${JSON.stringify(all.map((n) => [n.code, n.subject, n.message]))}`,
        )
      return found
    },
    /** `POST /changes` of the HubSpot sandbox. */
    async change(one: Record<string, unknown>): Promise<string> {
      const { results } = await control.hubspot.post<{ results: { ok: boolean; id: string; why?: string }[] }>(
        'changes',
        {
          changes: [one],
        },
      )
      if (!results[0]!.ok) throw new Error(results[0]!.why)
      return results[0]!.id
    },
    async rows<T>(query: ReturnType<typeof sql>): Promise<T[]> {
      return (await (query as ReturnType<typeof sql<T>>).execute(db)).rows
    },
    async stop() {
      stopping.abort()
      await noticesOf(context).board.settled()
      await Promise.all([receiver.close(), hubspot.close(), salesforce.close()])
      await database.drop()
    },
  }
  await day.untilQuiet()
  return day
}

function policyFiles(change: DayOptions['policies'] = (policies) => policies): PolicyFiles {
  const { loaded, refused } = loadPolicies(CONFIG)
  const changed = change(policiesOf({ loaded, refused }))
  return {
    loaded: loaded.map((file, i) => {
      const policy = changed[i]!
      return { ...file, version: { hash: policyHash(policy), policy } }
    }),
    refused,
  }
}

export type Control = ReturnType<typeof controlOf>

function controlOf(url: string, secret: string) {
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
    get: <T>(path: string) => call<T>('GET', path),
    post: <T = unknown>(path: string, body: object) => call<T>('POST', path, body),
    fault: (fault: { readonly kind: string } & Record<string, unknown>) => call('POST', 'faults', fault),
    clearFaults: () => call('DELETE', 'faults'),
    async tasks(): Promise<
      { id: string; key: string | null; subject: string; ownerEmail: string | null; open: boolean }[]
    > {
      const { tasks } = await call<{
        tasks: {
          id: string
          key: string | null
          subject: string
          ownerEmail: string | null
          status: string
          closed?: boolean
        }[]
      }>('GET', 'tasks')
      return tasks.map(({ status, closed, ...task }) => ({
        ...task,
        open: closed === undefined ? status !== 'COMPLETED' : !closed,
      }))
    },
  }
}

export type Receiver = {
  readonly url: string
  /** 'lose': answered 200 and forgotten, as if it had gone to nobody. 'down': 503. */
  mode: 'take' | 'lose' | 'down'
  close(): Promise<void>
}

/** Where HubSpot delivers. Signatures have their own tests; this one takes what comes. */
async function startReceiver(
  db: Database,
  hubspot: HubSpotSandbox,
  nowMs: () => number,
  wakeApply: (id: ConnectionId) => void,
): Promise<Receiver> {
  const connectionId = `hubspot-${hubspot.portalId}` as ConnectionId
  const receiver: Receiver = { url: '', mode: 'take', close: async () => undefined }
  const take = async (body: Buffer) => {
    const { events } = toChangeEvents({
      connectionId,
      notifications: parseWebhook(body).notifications.map(({ event }) => event),
      appId: String(hubspot.appId),
      nowMs: nowMs(),
    })
    await receiveEvents(db, events)
    wakeApply(connectionId)
  }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (receiver.mode !== 'take') {
        response.writeHead(receiver.mode === 'lose' ? 204 : 503).end()
        return
      }
      take(Buffer.concat(chunks)).then(
        () => response.writeHead(204).end(),
        () => response.writeHead(503).end(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/hubspot`,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  })
}

function silentLogger(failures: unknown[]): WorkerContext['logger'] {
  const logger = {
    level: 'silent',
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: unknown) => failures.push(fields),
    error: (fields: unknown) => failures.push(fields),
    fatal: (fields: unknown) => failures.push(fields),
    trace: () => undefined,
    silent: () => undefined,
    child: () => logger,
  }
  return logger as unknown as WorkerContext['logger']
}

export type { SalesforceSandbox, SalesforceUser }
