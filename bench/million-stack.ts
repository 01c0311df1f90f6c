import { cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import type { Stack } from '../src/cli/stack/stack.ts'
import { requestComparison } from '../src/store/compare/comparisons.ts'

/** Our own policies in observe mode: everything is decided, nothing is written to a CRM. */
export async function observingConfig(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-config-'))
  await cp(fileURLToPath(new URL('../config/examples', import.meta.url)), directory, { recursive: true })
  for (const name of await readdir(join(directory, 'workflows'))) {
    const file = join(directory, 'workflows', name)
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^mode: live$/m, 'mode: observe'))
  }
  return directory
}

export async function liftLimits({ sandbox }: Stack): Promise<void> {
  const response = await fetch(`${sandbox!.hubspot.baseUrl}/__sandbox/settings`, {
    method: 'POST',
    headers: { 'x-sandbox-control': sandbox!.hubspot.controlSecret, 'content-type': 'application/json' },
    body: JSON.stringify({ rateLimit: 100_000, dailyLimit: 50_000_000 }),
  })
  if (!response.ok) throw new Error(`The sandbox refused its settings: ${response.status}`)
}

export async function importStartedAt({ db }: Stack): Promise<number> {
  for (;;) {
    const { rows } = await sql<{ at: number | null; connections: number }>`
      select min((baseline->>'startedAtMs')::bigint) as at, count(*) as connections from connection`.execute(db)
    if (rows[0]!.connections === 2 && rows[0]!.at !== null) return rows[0]!.at
    await wait(100)
  }
}

export async function importIsDone({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select bool_and((baseline->>'done')::boolean) and not exists (
      select 1 from change_event where state = 'received' limit 1) as done from connection`.execute(db)
  return rows[0]!.done
}

export async function readSoFar({ db }: Stack): Promise<string> {
  const { rows } = await sql<{ n: number }>`
    select sum((o.value->>'count')::bigint)::bigint as n from connection c, jsonb_each(c.baseline->'objects') o`.execute(
    db,
  )
  return (rows[0]?.n ?? 0).toLocaleString('en-US')
}

export async function allIsDecided({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (select 1 from record where dirty_since is not null limit 1) r`.execute(db)
  return rows[0]!.n === 0
}

export async function compareAll({ db }: Stack): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from connection`.execute(db)
  for (const { id } of rows) await requestComparison(db, id, 'person', 'full')
}

export async function allIsCompared({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select bool_and(state = 'idle' and last_full_at is not null) as done from comparison`.execute(db)
  return rows[0]!.done
}

export async function callsOf({ db }: Stack): Promise<Record<string, number>> {
  const { rows } = await sql<{ crm: string; n: number }>`
    select c.crm, b.calls_total as n from call_budget b join connection c on c.id = b.connection_id order by 1`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ crm, n }) => [crm, n]))
}

/** What the database holds after a run. Throws if a policy wanted to write. */
export async function countsOf({ db }: Stack): Promise<{
  readonly records: number
  readonly cases: number
  readonly databaseMb: number
  readonly differences: number
}> {
  const { rows: out } = await sql<{ n: number }>`
    select count(*) as n from difference where differs_since is not null`.execute(db)
  const counts = await sql<{ records: number; cases: number; intents: number; mb: number }>`
    select (select count(*) from record where not deleted) as records,
           (select count(*) from exception where status = 'open') as cases,
           (select count(*) from intent) as intents,
           pg_database_size(current_database()) / 1048576 as mb`.execute(db)
  const { records, cases, intents, mb } = counts.rows[0]!
  if (intents > 0) throw new Error(`Observe mode must not write, but ${intents} intents were created`)
  return { records, cases, databaseMb: mb, differences: out[0]!.n }
}
