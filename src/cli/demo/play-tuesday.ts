import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { startApplication } from '../../pipeline/decide/apply-to-backlog.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { backlogs, previewBacklog } from '../../store/decisions/backlog-view.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import { actorOf } from '../../store/people/persons.ts'
import type { SandboxInfo } from '../stack/sandbox-process.ts'
import type { Stack } from '../stack/stack.ts'
import { untilQuiet } from '../stack/wait-until-idle.ts'
import {
  type CrmTaskListed,
  type Defect,
  type DemoResults,
  duplicateTasks,
  foundDefects,
  pipelineResults,
  quality,
} from './demo-results.ts'

export type PlayOptions = {
  /** How often the workers are killed with -9 while the day is played. */
  readonly kills: number
  readonly tell: (text: string) => void
  readonly say: (text: string) => void
  /** Name each defect that was missed or found without a label. */
  readonly verbose: boolean
  readonly signal: AbortSignal
  /** `performance.now()` of the start, for the seconds in the results. */
  readonly started: number
}

/** The pipeline counts as idle after this long without waiting work: longer than a webhook's first delay and a retry. */
const CALM_MS = 1_500
const LIMIT_MS = 180_000

/** Waits for the first import, plays the day, waits until all of it is worked off, and measures what was found. */
export async function playTuesday(stack: Stack, options: PlayOptions): Promise<DemoResults> {
  const { db, sandbox } = stack
  if (!sandbox) throw new Error('The demo needs its sandbox CRMs')
  const { tell } = options
  const quiet = (what: string) =>
    untilQuiet(db, {
      calmMs: CALM_MS,
      limitMs: LIMIT_MS,
      alsoQuiet: () => webhooksDelivered(sandbox),
      onTick: (now) => {
        options.signal.throwIfAborted()
        tell(`${what}: ${now.events} events, ${now.toDecide} records to decide, ${now.toWrite} writes to go`)
      },
    })
  tell('Reading both CRMs for the first time')
  await quiet('First look')
  await applyFirstVersions(db)
  await quiet('What rules decide on the first import')
  const killing = killWorkers(stack, options.kills, options.say)
  await tuesday(sandbox, tell, options.signal)
  await killing
  await nextPoll(db, options.signal)
  await quiet('The day is over, working it off')

  const { scores, missed, surplus } = quality(await labelsOf(sandbox), await foundDefects(db))
  if (options.verbose) {
    for (const defect of missed) options.say(`missed:   ${JSON.stringify(defect)}`)
    for (const defect of surplus) options.say(`no label: ${JSON.stringify(defect)}`)
  }
  const hubspotTasks = await tasksOf(sandbox.hubspot.baseUrl, sandbox.hubspot.controlSecret)
  const salesforceTasks = await tasksOf(sandbox.salesforce.loginUrl, sandbox.salesforce.controlSecret)
  if (![hubspotTasks, salesforceTasks].every((tasks) => tasks.some((task) => task.key?.startsWith('lk-')))) {
    throw new Error('One of the CRMs lists no task of ours, so nothing could be said about duplicates')
  }
  return {
    ...(await pipelineResults(db)),
    tasks: {
      hubspot: hubspotTasks.length,
      salesforce: salesforceTasks.length,
      duplicates: (await duplicateTasks(db, hubspotTasks)) + (await duplicateTasks(db, salesforceTasks)),
    },
    quality: scores,
    seconds: Math.round((performance.now() - options.started) / 100) / 10,
  }
}

/** The demo has no day to wait: all that rules decide on the first import at once, in the name of whoever owns the workflow. */
const DEMO_PER_HOUR = 100_000

/** What the first import asks of rules waits for a person, who has seen it and applies the version to it. */
async function applyFirstVersions(db: Database): Promise<void> {
  for (const { workflow, waiting } of await backlogs(db)) {
    const preview = await previewBacklog(db, workflow)
    if (preview === null) continue
    const owner = (await lanesHeld(db, [workflow])).find(({ lane, role }) => lane === 'workflow' && role === 'holder')
    const by = owner === undefined ? 'lanekeeper' : actorOf(owner.personId)
    const { versionId, upTo } = preview
    await inTransaction(db, (trx) =>
      startApplication(trx, preview, { workflow, versionId, upTo, cap: waiting, perHour: DEMO_PER_HOUR, by }),
    )
  }
}

/** Where the sandbox broke its own data: what the demo is measured by, and what Lanekeeper cannot see. */
async function labelsOf({ hubspot, salesforce }: SandboxInfo): Promise<Defect[]> {
  const lists = await Promise.all([
    control<{ labels: Defect[] }>(hubspot.baseUrl, hubspot.controlSecret, 'labels'),
    control<{ labels: Defect[] }>(salesforce.loginUrl, salesforce.controlSecret, 'labels'),
  ])
  return lists.flatMap(({ labels }) => labels)
}

/** The sandbox's own script plays the day as the company's people would; it is another program, with their rights. */
async function tuesday(sandbox: SandboxInfo, tell: (text: string) => void, signal: AbortSignal): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../../sandbox/tuesday/main.ts', import.meta.url))],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
    },
  )
  let complaint = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000)
  })
  child.stdin!.end(JSON.stringify(sandbox))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
  for await (const text of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(text) as { step?: string; changes: number }
    if (said.step) tell(`Tuesday: ${said.step} (${said.changes} changes)`)
  }
  const code = await ended
  if (code !== 0) throw new Error(`The scripted Tuesday failed: ${complaint.trim() || `exit code ${code}`}`)
}

/** kill -9 at moments spread over the day. The supervisor starts the process again; nothing may be lost or done twice. */
async function killWorkers(stack: Stack, kills: number, say: (text: string) => void): Promise<void> {
  for (let n = 1; n <= kills; n += 1) {
    await wait(1_500)
    const pid = stack.children.workers.pid()
    if (pid === null) continue
    process.kill(pid, 'SIGKILL')
    say(`       killed the workers (-9), ${n} of ${kills}`)
  }
}

/** A poll that began after the day was over has seen everything, whatever the webhooks did. */
async function nextPoll(db: Database, signal: AbortSignal): Promise<void> {
  const { rows } = await sql<{ now: Date }>`select now() as now`.execute(db)
  const since = rows[0]!.now
  const givesUpAt = performance.now() + 60_000
  for (;;) {
    signal.throwIfAborted()
    const { rows: waiting } = await sql<{ n: number }>`
      select count(*)::int as n from connection
      where polled_at is null or polled_at < ${since}::timestamptz + interval '1 second'`.execute(db)
    if (waiting[0]!.n === 0) return
    if (performance.now() > givesUpAt) throw new Error('The CRMs were not polled within a minute of the end of the day')
    await wait(200)
  }
}

async function webhooksDelivered({ hubspot }: SandboxInfo): Promise<boolean> {
  const { webhooks } = await control<{ webhooks: { pending: number } }>(hubspot.baseUrl, hubspot.controlSecret, 'stats')
  return webhooks.pending === 0
}

async function tasksOf(url: string, secret: string): Promise<CrmTaskListed[]> {
  const listed = await control<{ tasks: CrmTaskListed[] }>(url, secret, 'tasks')
  return listed.tasks
}

async function control<T>(url: string, secret: string, path: string): Promise<T> {
  const response = await fetch(`${url}/__sandbox/${path}`, { headers: { 'x-sandbox-control': secret } })
  if (!response.ok) throw new Error(`The sandbox answered ${response.status} to /__sandbox/${path}`)
  return (await response.json()) as T
}
