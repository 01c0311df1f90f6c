import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Stack, startStack } from '../src/cli/stack/stack.ts'
import { untilQuiet } from '../src/cli/stack/wait-until-idle.ts'
import type { BenchRow } from './bench-row.ts'

const LIMIT_MS = 120_000

/** Measures the whole stack: the service, the workers and both sandbox CRMs as separate processes. */
export async function benchStack(tell: (text: string) => void): Promise<BenchRow[]> {
  const from = performance.now()
  const stack = await startStack({
    temporary: true,
    // An answer says that the change is on the disk, so it has to wait for the disk here too.
    durable: true,
    environment: { ...process.env, LANEKEEPER_SANDBOX: 'on', LOG_LEVEL: 'warn' },
    buildConsole: false,
    // What is measured is our time: HubSpot itself takes about a second to deliver.
    sandboxArgs: ['--at-once'],
    onProgress: tell,
  })
  try {
    const ready = (performance.now() - from) / 1_000
    await untilQuiet(stack.db, { calmMs: 1_500, limitMs: LIMIT_MS })
    const quietS = (performance.now() - from) / 1_000 - ready - 1.5
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from record`.execute(stack.db)
    return [
      {
        what: 'both CRMs read, every record decided and every task written, from ready',
        budget: '(no budget of its own)',
        measured: `${rows[0]!.n.toLocaleString('en-US')} records in ${quietS.toFixed(1)} s`,
      },
      ...(await webhookAnswers(stack, tell)),
      ...(await changeToTask(stack, tell)),
      ...(await memory(stack)),
    ]
  } finally {
    await stack.stop()
  }
}

/** 500 events a second in deliveries of ten, signed as HubSpot signs them, for twenty seconds. */
async function webhookAnswers(stack: Stack, tell: (text: string) => void): Promise<BenchRow[]> {
  const { hubspot } = stack.sandbox!
  const url = `http://127.0.0.1:${stack.settings.port}/webhooks/hubspot`
  const { rows } = await sql<{ record_id: string }>`
    select record_id from record where object_type = 'contacts' and not deleted order by record_id limit 2000`.execute(
    stack.db,
  )
  const perSecond = 50
  const seconds = 20
  const size = 10
  const answers: number[] = []
  let refused = 0
  const running: Promise<void>[] = []
  const begin = performance.now()
  for (let n = 0; n < perSecond * seconds; n += 1) {
    await wait(Math.max(0, begin + (n * 1_000) / perSecond - performance.now()))
    if (n % perSecond === 0) tell(`webhooks at 500 events/s: ${n / perSecond} of ${seconds} s`)
    const body = JSON.stringify(
      Array.from({ length: size }, (_, i) => ({
        eventId: n * size + i,
        subscriptionId: 1,
        portalId: hubspot.portalId,
        appId: hubspot.appId,
        occurredAt: Date.now(),
        subscriptionType: 'contact.propertyChange',
        attemptNumber: 0,
        objectId: Number(rows[(n * size + i) % rows.length]!.record_id),
        propertyName: 'company',
        propertyValue: `Company ${n}`,
        changeSource: 'CRM_UI',
        sourceId: 'userId:1',
      })),
    )
    const timestamp = String(Date.now())
    const signature = createHmac('sha256', hubspot.clientSecret)
      .update(`POST${url}${body}${timestamp}`)
      .digest('base64')
    const sentAt = performance.now()
    running.push(
      fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-hubspot-signature-v3': signature,
          'x-hubspot-request-timestamp': timestamp,
        },
      }).then(async (response) => {
        await response.arrayBuffer()
        if (response.ok) answers.push(performance.now() - sentAt)
        else refused += 1
      }),
    )
  }
  await Promise.all(running)
  const drainFrom = performance.now()
  await untilQuiet(stack.db, { calmMs: 500, limitMs: LIMIT_MS })
  const drainS = (performance.now() - drainFrom) / 1_000 - 0.5
  answers.sort((a, b) => a - b)
  return [
    {
      what: `webhook answer, durable (fsync on), at 500 events/s for ${seconds} s, workers running`,
      budget: 'p99 < 250 ms',
      measured: `p50 ${at(answers, 0.5)} ms, p99 ${at(answers, 0.99)} ms, ${refused} refused; quiet ${drainS.toFixed(1)} s after the last`,
    },
  ]
}

/** People make 200 changes a second in HubSpot; one in five names a wrong territory, which needs a task of its own. */
async function changeToTask(stack: Stack, tell: (text: string) => void): Promise<BenchRow[]> {
  const { hubspot } = stack.sandbox!
  const { rows } = await sql<{ record_id: string }>`
    select r.record_id from record r
    join crm_user u on u.connection_id = r.connection_id and u.user_id = r.owner_id and u.active
    where r.object_type = 'contacts' and not r.deleted and r.values->>'lifecyclestage' in ('lead', 'marketingqualifiedlead')
      and r.values->>'territory' is not null and r.values->>'country' is not null
      and not exists (select 1 from exception e where e.object_type = 'contacts' and e.record_id = r.record_id and e.status = 'open')
    order by r.record_id`.execute(stack.db)
  const ids = rows.map((row) => row.record_id)
  const seconds = 15
  const perBatch = 20
  const misplaced = new Map<string, number>()
  const before = await calls(stack)
  const begin = performance.now()
  let changes = 0
  for (let n = 0; n < seconds * (200 / perBatch); n += 1) {
    await wait(Math.max(0, begin + (n * 1_000 * perBatch) / 200 - performance.now()))
    if (n % 10 === 0) tell(`changes at 200/s: ${n / 10} of ${seconds} s`)
    const batch = Array.from({ length: perBatch }, (_, i) => {
      const id = ids[(changes + i) % ids.length]!
      // Each record at most once: the same value again is not a change. A blank field would be one more line of a list.
      const isMisplaced = i % 5 === 0 && !misplaced.has(id)
      if (isMisplaced) misplaced.set(id, Date.now())
      const properties = isMisplaced ? { territory: 'nowhere' } : { company: `Company ${changes + i}` }
      return { objectType: 'contacts', id, properties }
    })
    changes += perBatch
    const response = await fetch(`${hubspot.baseUrl}/__sandbox/changes`, {
      method: 'POST',
      headers: { 'x-sandbox-control': hubspot.controlSecret, 'content-type': 'application/json' },
      body: JSON.stringify({ changes: batch }),
    })
    if (!response.ok) throw new Error(`The sandbox refused changes: ${response.status}`)
    await response.arrayBuffer()
  }
  await untilQuiet(stack.db, { calmMs: 2_000, limitMs: LIMIT_MS })
  const after = await calls(stack)
  const response = await fetch(`${hubspot.baseUrl}/__sandbox/tasks`, {
    headers: { 'x-sandbox-control': hubspot.controlSecret },
  })
  const { tasks } = (await response.json()) as {
    tasks: { about: { objectType: string; id: string }[]; createdAtMs: number; subject: string }[]
  }
  const delays: number[] = []
  for (const task of tasks) {
    const changedAt = misplaced.get(task.about[0]?.id ?? '')
    if (changedAt !== undefined && task.createdAtMs >= changedAt) delays.push(task.createdAtMs - changedAt)
  }
  delays.sort((a, b) => a - b)
  const perThousand = ((after - before) / changes) * 1_000
  return [
    {
      what: `change → task in the CRM at 200 events/s for ${seconds} s, ${misplaced.size} of ${changes} changes wanting a task`,
      budget: 'p95 < 2 s',
      measured: `p50 ${(at(delays, 0.5) / 1_000).toFixed(2)} s, p95 ${(at(delays, 0.95) / 1_000).toFixed(2)} s, ${delays.length} of ${misplaced.size} tasks there`,
    },
    {
      what: 'CRM calls per 1,000 of those events, reconcile included',
      budget: '<= 10',
      measured: perThousand.toFixed(1),
    },
  ]
}

async function calls({ db }: Stack): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select b.calls_total::int as n from call_budget b join connection c on c.id = b.connection_id where c.crm = 'hubspot'`.execute(
    db,
  )
  return rows[0]!.n
}

async function memory({ db }: Stack): Promise<BenchRow[]> {
  const { rows } = await sql<{ rss: number }>`
    select max((detail->>'rssMb')::int) as rss from process_beat where role = 'worker'`.execute(db)
  return [{ what: 'RSS of the worker process after all this', budget: '< 512 MB', measured: `${rows[0]!.rss} MB` }]
}

function at(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN)
}
