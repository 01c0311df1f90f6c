import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { HUBSPOT } from '../src/crm/hubspot/profile.ts'
import type { ChangeEvent, ConnectionId } from '../src/model/record/change-event.ts'
import { applyBatch } from '../src/pipeline/apply/apply.ts'
import { decideBatch } from '../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../src/pipeline/decide/running-workflows.ts'
import { receiveEvents } from '../src/pipeline/receive/receive.ts'
import { saveBaseline } from '../src/store/connections/baseline.ts'
import { saveConnection } from '../src/store/connections/save-connection.ts'
import { setWriting } from '../src/store/connections/write-permission.ts'
import { type Database, openDatabase } from '../src/store/database/database.ts'
import { migrate } from '../src/store/database/migrate.ts'
import { saveUsers } from '../src/store/decisions/people.ts'
import { startEmbeddedPostgres } from '../src/store/postgres/embedded-postgres.ts'
import { benchPolicy, COUNTRIES } from './bench-policy.ts'
import type { BenchRow } from './bench-row.ts'

const CONNECTION = { id: 'hubspot-1' as ConnectionId, crm: 'hubspot' as const }
/** HubSpot's batch size. */
const DELIVERY = 100
/** Each event changes a different record in both runs; otherwise the smaller run would write and decide less. */
const EVENTS = 10_000
const NOW_MS = Date.parse('2026-11-24T09:00:00Z')

/**
 * Sustained receive → apply → decide on an embedded Postgres with fsync on, the three stages side by side in one
 * process. The events are a steady stream: each changes one field of a known record.
 */
export async function benchReceiveDecided(): Promise<BenchRow[]> {
  const small = await run(10_000, EVENTS)
  const large = await run(100_000, EVENTS)
  return [
    {
      what: 'sustained receive → decided, embedded Postgres, fsync on, 10,000 records known',
      budget: '>= 5,000 events/s',
      measured: `${rate(EVENTS, small.seconds)} events/s`,
    },
    {
      what: 'the same with 100,000 records known',
      budget: 'cost growth linear: time per event <= 1.1x',
      measured: `${rate(EVENTS, large.seconds)} events/s, ${(large.seconds / small.seconds).toFixed(2)}x the time per event`,
    },
    {
      what: 'baseline events received and applied',
      budget: '(1,000,000 in 10 min: >= 1,667/s)',
      measured: `${rate(100_000, large.baselineSeconds)} records/s, ${rate(10_000, small.baselineSeconds)} at a tenth of them`,
    },
  ]
}

async function run(records: number, events: number): Promise<{ seconds: number; baselineSeconds: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-bench-'))
  // Postgres runs as another user when we are root.
  await chmod(directory, 0o711)
  const postgres = await startEmbeddedPostgres({ dataDir: directory })
  const db = openDatabase(postgres.url, { max: 8, applicationName: 'lanekeeper-bench' })
  try {
    await migrate(db)
    await prepare(db)
    const workflows = createWorkflowReader(db)
    const decideAll = async () => {
      while ((await decideBatch(CONNECTION, { db, workflows, nowMs: () => NOW_MS })).taken > 0);
    }
    const applyAll = async () => {
      while ((await applyBatch(db, CONNECTION)).taken > 0);
    }

    const beforeBaseline = performance.now()
    for (let n = 0; n < records; n += DELIVERY) {
      await receiveEvents(
        db,
        Array.from({ length: DELIVERY }, (_, i) => baselineEvent(n + i)),
      )
      if (n % 2_000 === 0) await applyAll()
    }
    await applyAll()
    const baselineSeconds = (performance.now() - beforeBaseline) / 1_000
    await decideAll()
    await sql`vacuum analyze`.execute(db)

    const from = performance.now()
    let receiving = true
    const receiver = (async () => {
      for (let n = 0; n < events; n += DELIVERY) {
        await receiveEvents(
          db,
          Array.from({ length: DELIVERY }, (_, i) => steadyEvent((n + i) % records, n + i)),
        )
      }
      receiving = false
    })()
    const applier = (async () => {
      while (receiving || (await waiting(db)) > 0) await applyAll()
    })()
    const decider = (async () => {
      while (receiving || (await waiting(db)) > 0) await decideAll()
    })()
    await Promise.all([receiver, applier, decider])
    await decideAll()
    return { seconds: (performance.now() - from) / 1_000, baselineSeconds }
  } finally {
    await db.destroy()
    await postgres.stop()
    await rm(postgres.directory, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
  }
}

async function prepare(db: Database): Promise<void> {
  await saveConnection(db, {
    ...CONNECTION,
    baseUrl: 'http://127.0.0.1:1',
    identity: {
      accountId: '1',
      title: 'Bench',
      timeZone: null,
      actorId: null,
      actorName: null,
      edition: null,
      pagesUrl: null,
    },
    credentials: Buffer.from('none'),
    taskKey: { enforced: true, field: 'key', why: '' },
    callLimit: HUBSPOT.callLimits,
  })
  await setWriting(db, CONNECTION.id, { allowed: true, by: 'bench' })
  await saveBaseline(db, CONNECTION.id, { done: true, objects: {} })
  const policy = benchPolicy(50)
  const people = [
    ...Object.keys(policy.owners.accepted),
    ...Array.from({ length: 12 }, (_, n) => `user-${n}@x.example`),
  ]
  await saveUsers(
    db,
    CONNECTION.id,
    people.map((email) => ({
      connectionId: CONNECTION.id,
      userId: email.split('@')[0]!,
      kind: 'person',
      email,
      name: email,
      active: true,
      activeMembers: 0,
      timeZone: null,
    })),
  )
  await publishPolicies(db, {
    loaded: [{ file: 'bench', source: '', version: { hash: 'bench', policy } }],
    refused: [],
  })
}

const EVENT = {
  connectionId: CONNECTION.id,
  objectType: 'contacts',
  order: 0,
  actor: { kind: 'person', id: null, ours: false },
} as const

function baselineEvent(n: number): ChangeEvent {
  return {
    ...EVENT,
    dedupeKey: `baseline/${n}`,
    recordId: String(n),
    kind: 'changed',
    occurredAtMs: NOW_MS - 30 * 86_400_000,
    complete: true,
    source: 'baseline',
    fields: {
      firstname: `Ann${n}`,
      lastname: 'Lee',
      email: `ann.${n}@firm${n % 4_999}.example`,
      phone: null,
      country: COUNTRIES[n % COUNTRIES.length]!,
      company: `Firm ${n % 4_999}`,
      numemployees: String((n * 37) % 5_000),
      lifecyclestage: 'lead',
      hs_lead_status: 'OPEN',
      hubspot_owner_id: `user-${n % 12}`,
      createdate: '2026-10-01T08:00:00.000Z',
    },
    fieldChangedAtMs: { hs_lead_status: NOW_MS - 86_400_000 },
  }
}

/** One in 50 clears a required field, which opens a case and a task; the others are ordinary edits. */
function steadyEvent(record: number, n: number): ChangeEvent {
  return {
    ...EVENT,
    dedupeKey: `steady/${n}`,
    recordId: String(record),
    kind: 'changed',
    occurredAtMs: NOW_MS - 1_000_000 + n,
    complete: false,
    source: 'webhook',
    fields: n % 50 === 0 ? { country: null } : { numemployees: String((n * 41) % 5_000) },
  }
}

async function waiting(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select ((select count(*) from (select 1 from change_event where state = 'received' limit 1) e)
      + (select count(*) from (select 1 from record where dirty_since is not null limit 1) r))::int as n`.execute(db)
  return rows[0]!.n
}

function rate(n: number, seconds: number): string {
  return Math.round(n / seconds).toLocaleString('en-US')
}
