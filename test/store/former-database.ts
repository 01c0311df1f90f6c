import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { chainHash, GENESIS_HASH, sha256 } from '../../src/store/ledger/ledger.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const SCHEMAS = new URL('./schemas/', import.meta.url)

/** Commits whose schema is kept in `schemas`. */
export const FORMER_SCHEMAS: readonly string[] = readdirSync(SCHEMAS)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace('.sql', ''))
  .toSorted()

/** In every value of the test rows that must never leave the database. */
export const SECRET = 'hunter2'

/** A database as that commit made it, with a ledger, connections and policies in it. */
export async function formerDatabase(commit: string, ledgerRows: number): Promise<TestDatabase> {
  const test = await testDatabase()
  await withClient(test.url, async (client) => {
    await client.query('drop schema public cascade')
    await client.query('create schema public')
    await client.query(readFileSync(new URL(`${commit}.sql`, SCHEMAS), 'utf8'))
    await fillDatabase(client, ledgerRows)
  })
  return test
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Through plain SQL and only into columns that there are, since no code of today writes the tables of before. */
export async function fillDatabase(client: pg.Client, ledgerRows: number): Promise<void> {
  await writeLedger(client, ledgerRows)
  for (const id of ['hubspot-1', 'salesforce-1']) {
    await insert(client, 'connection', {
      id,
      crm: id.split('-')[0],
      title: `Acme ${id}`,
      account_id: `account of ${id}`,
      base_url: `https://admin:${SECRET}@api.example.com/base?key=${SECRET}`,
      actor_name: 'Anna Integration',
      address: {
        baseUrl: `https://api.example.com?token=${SECRET}`,
        apiVersion: '2026-03',
        pubsubAddress: null,
        clientSecret: SECRET,
      },
      status_reason: `The CRM said: token ${SECRET} is not valid`,
      credentials: Buffer.from(`{"token":"${SECRET}"}`),
      task_key: { note: SECRET },
      access: { note: SECRET },
      webhook_url: `https://hooks.example.com/${SECRET}`,
      former_webhook_url: `https://hooks.example.com/${SECRET}`,
      replay_id: Buffer.from(SECRET),
    })
    await insert(client, 'connection_token', { connection_id: id, sealed: Buffer.from(SECRET) })
  }
  await insert(client, 'connection_draft', {
    id: 'draft-1',
    crm: 'hubspot',
    grant_kind: 'hubspot-token',
    credentials: Buffer.from(SECRET),
    tokens: Buffer.from(SECRET),
    address: { baseUrl: `https://${SECRET}.example.com` },
    made_by: 'anna@example.com',
    status: 'checking',
  })
  await insert(client, 'policy_version', {
    hash: 'abc123',
    workflow: 'inbound-leads',
    document: { workflow: 'inbound-leads', rules: [{ name: 'nordics' }] },
    source: 'workflow: inbound-leads',
  })
  await insert(client, 'workflow', {
    workflow: 'inbound-leads',
    title: 'Inbound leads',
    hash: 'abc123',
    mode: 'live',
    effective_mode: 'observe',
  })
}

async function writeLedger(client: pg.Client, count: number): Promise<void> {
  let prevHash = GENESIS_HASH
  const rows = []
  for (let seq = 1; seq <= count; seq++) {
    const at = new Date(Date.UTC(2026, 10, 22, 9, 0, 0, seq))
    const body = JSON.stringify({ n: seq })
    const bodyHash = sha256(body).toString('hex')
    const bare = { seq, kind: 'decision', actor: 'lanekeeper', subject: `hubspot/contacts/${seq}`, bodyHash, prevHash }
    const hash = chainHash({ ...bare, atMicros: `${at.getTime()}000` })
    rows.push({ ...bare, at, body, hash })
    prevHash = hash
  }
  await client.query(
    `insert into ledger (seq, at, kind, actor, subject, body, body_hash, prev_hash, hash)
     select seq, at, kind, actor, subject, body, decode("bodyHash", 'hex'), decode("prevHash", 'hex'), decode(hash, 'hex')
     from json_to_recordset($1) as x(seq bigint, at timestamptz, kind text, actor text, subject text, body text,
       "bodyHash" text, "prevHash" text, hash text)`,
    [JSON.stringify(rows)],
  )
  await client.query(`update ledger_head set seq = $1, hash = decode($2, 'hex')`, [count, prevHash])
}

async function insert(client: pg.Client, table: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1',
    [table],
  )
  const known = rows.map(({ name }) => name).filter((name) => name in values)
  if (known.length === 0) return
  await client.query(
    `insert into ${table} (${known.join(', ')}) values (${known.map((_, at) => `$${at + 1}`).join(', ')})`,
    known.map((name) => values[name]),
  )
}
