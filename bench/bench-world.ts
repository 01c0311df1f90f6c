import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../src/crm/profiles.ts'
import { HUBSPOT } from '../src/crm/hubspot/profile.ts'
import type { ChangeEvent, ConnectionId } from '../src/model/record/change-event.ts'
import { applyBatch } from '../src/pipeline/apply/apply.ts'
import { decideBatch } from '../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../src/pipeline/decide/running-workflows.ts'
import { receiveEvents } from '../src/pipeline/receive/receive.ts'
import { saveBaseline } from '../src/store/connections/baseline.ts'
import { setWriting } from '../src/store/connections/write-permission.ts'
import { type Database, openDatabase } from '../src/store/database/database.ts'
import { migrate } from '../src/store/database/migrate.ts'
import { saveUsers } from '../src/store/decisions/people.ts'
import { saveConnection } from '../src/store/lifecycle/save-connection.ts'
import { startEmbeddedPostgres } from '../src/store/postgres/embedded-postgres.ts'
import { benchPolicy, COUNTRIES } from './bench-policy.ts'

export const CONNECTION = { id: 'hubspot-1' as ConnectionId, crm: 'hubspot' as const }
export const NOW_MS = Date.parse('2026-11-24T09:00:00Z')
/** HubSpot's batch size. */
const DELIVERY = 100
/** The longest of the policy's windows is 20 working days: whatever the baseline says was changed within all of them. */
const CHANGED_MS = NOW_MS - 2 * 86_400_000

/** One connection, one workflow of 50 rules, and the stages, each to be run until nothing waits for it. */
export type BenchWorld = {
  readonly db: Database
  receive(count: number, event: (n: number) => ChangeEvent): Promise<void>
  applyAll(): Promise<void>
  /** One batch; calls back with its milliseconds. Returns how many records it took. */
  decideOnce(onBatch?: (ms: number) => void): Promise<number>
  decideAll(onBatch?: (ms: number) => void): Promise<void>
  /** How many cases are open. */
  openCases(): Promise<number>
}

/** On an embedded Postgres of its own that keeps its promises (fsync on), removed afterwards. */
export async function withBenchWorld<T>(work: (world: BenchWorld) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-bench-'))
  // Postgres runs as another user when we are root.
  await chmod(directory, 0o711)
  const postgres = await startEmbeddedPostgres({ dataDir: directory })
  const db = openDatabase(postgres.url, { max: 8, applicationName: 'lanekeeper-bench' })
  try {
    await migrate(db)
    await prepare(db)
    return await work({ ...stagesOf(db), db })
  } finally {
    await db.destroy()
    await postgres.stop()
    await rm(postgres.directory, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
  }
}

function stagesOf(db: Database): Omit<BenchWorld, 'db'> {
  const workflows = createWorkflowReader(db)
  const decide = async (onBatch?: (ms: number) => void) => {
    const from = performance.now()
    const decided = await decideBatch(CONNECTION, { db, workflows, nowMs: () => NOW_MS })
    if (decided.taken > 0) onBatch?.(performance.now() - from)
    return decided
  }
  return {
    async receive(count, event) {
      for (let n = 0; n < count; n += DELIVERY) {
        await receiveEvents(
          db,
          Array.from({ length: Math.min(DELIVERY, count - n) }, (_, i) => event(n + i)),
        )
      }
    },
    async applyAll() {
      while ((await applyBatch(db, CONNECTION)).taken > 0);
    },
    decideOnce: async (onBatch) => (await decide(onBatch)).taken,
    async decideAll(onBatch) {
      for (let more = true; more; ) {
        const { taken, more: isMore } = await decide(onBatch)
        more = isMore || taken > 0
      }
    },
    async openCases() {
      const { n } = await db
        .selectFrom('exception')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('status', '=', 'open')
        .executeTakeFirstOrThrow()
      return Number(n)
    },
  }
}

export const OWNERS = 12

export function benchUsers(): Parameters<typeof saveUsers>[2] {
  const people = [
    ...Object.keys(benchPolicy(50).owners.accepted),
    ...Array.from({ length: OWNERS }, (_, n) => `user-${n}@x.example`),
  ]
  return people.map((email) => ({
    connectionId: CONNECTION.id,
    userId: email.split('@')[0]!,
    kind: 'person',
    email,
    name: email,
    active: true,
    activeMembers: 0,
    timeZone: null,
  }))
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
  await saveUsers(db, CONNECTION.id, benchUsers())
  await publishPolicies(db, {
    loaded: [{ file: 'bench', source: '', version: { hash: 'bench', policy: benchPolicy(50) } }],
    refused: [],
  })
}

const EVENT = {
  connectionId: CONNECTION.id,
  objectType: 'contacts',
  kind: 'changed',
  order: 0,
  actor: { kind: 'person', id: null, ours: false },
} as const

/** A whole record as an import reads it, with nothing wrong about it. */
export function baselineEvent(n: number): ChangeEvent {
  return {
    ...EVENT,
    dedupeKey: `baseline/${n}`,
    recordId: String(n),
    occurredAtMs: CHANGED_MS,
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
      hubspot_owner_id: `user-${n % OWNERS}`,
      createdate: '2026-10-01T08:00:00.000Z',
    },
  }
}

/** A change of these fields, the `n`th that a webhook tells. */
export function changeEvent(recordId: number, n: number, fields: ChangeEvent['fields']): ChangeEvent {
  return {
    ...EVENT,
    dedupeKey: `steady/${n}`,
    recordId: String(recordId),
    occurredAtMs: NOW_MS - 1_000_000 + n,
    complete: false,
    source: 'webhook',
    fields,
  }
}
