import { type Kysely, sql } from 'kysely'
import type { Mode, Policy, PolicyVersion } from '../../model/policy/policy.ts'
import type { Tables } from '../database/tables.ts'

export type WorkflowInForce = { readonly version: PolicyVersion; readonly effectiveMode: Mode }

/** Stores a version once and for ever: the same hash is the same text, and a decision cites it years later. */
export async function storePolicyVersion(db: Kysely<Tables>, version: PolicyVersion, source: string): Promise<void> {
  await sql`
    insert into policy_version (hash, workflow, document, source)
    values (${version.hash}, ${version.policy.workflow}, ${JSON.stringify(version.policy)}::jsonb, ${source})
    on conflict (hash) do nothing`.execute(db)
}

/** Puts a version in force. Returns true when that changes what runs, so that records must be decided again. */
export async function putInForce(
  db: Kysely<Tables>,
  workflow: {
    readonly workflow: string
    readonly title: string
    readonly file: string
    readonly hash: string
    readonly mode: Mode
    readonly effectiveMode: Mode
    readonly problems: readonly unknown[]
  },
): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    with before as (
      select hash, effective_mode, load_error is not null as was_frozen from workflow where workflow = ${workflow.workflow}
    ),
    saved as (
      insert into workflow (workflow, title, file, hash, mode, effective_mode, problems)
      values (${workflow.workflow}, ${workflow.title}, ${workflow.file}, ${workflow.hash}, ${workflow.mode}, ${workflow.effectiveMode},
              ${JSON.stringify(workflow.problems)}::jsonb)
      on conflict (workflow) do update set title = excluded.title, file = excluded.file, hash = excluded.hash, mode = excluded.mode,
        effective_mode = excluded.effective_mode, problems = excluded.problems, load_error = null, updated_at = now()
    )
    select not exists (
      select 1 from before where hash = ${workflow.hash} and effective_mode = ${workflow.effectiveMode} and not was_frozen
    ) as changed`.execute(db)
  return rows[0]!.changed
}

/** How far a workflow may run as its people are now. Returns true when that changes what runs. */
export async function setReadiness(
  db: Kysely<Tables>,
  workflow: string,
  { effectiveMode, problems }: { readonly effectiveMode: Mode; readonly problems: readonly unknown[] },
): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    update workflow w set effective_mode = ${effectiveMode}, problems = ${JSON.stringify(problems)}::jsonb, updated_at = now()
    from (select workflow, effective_mode from workflow where workflow = ${workflow} for update) before
    where w.workflow = before.workflow
      and (w.effective_mode <> ${effectiveMode} or w.problems is distinct from ${JSON.stringify(problems)}::jsonb)
    returning before.effective_mode <> ${effectiveMode} as changed`.execute(db)
  return rows[0]?.changed ?? false
}

/**
 * A policy file that cannot be used: its workflow does not run, and says why. The others do. Its open cases and tasks stay
 * as they are: a slip of the pen is no decision about them.
 */
export async function refusePolicy(
  db: Kysely<Tables>,
  refused: { readonly workflow: string; readonly file: string; readonly errors: readonly unknown[] },
): Promise<void> {
  const error = JSON.stringify({ file: refused.file, errors: refused.errors })
  await sql`
    insert into workflow (workflow, title, file, mode, effective_mode, load_error)
    values (${refused.workflow}, ${refused.workflow}, ${refused.file}, 'draft', 'draft', ${error}::jsonb)
    on conflict (workflow) do update set effective_mode = 'draft', load_error = excluded.load_error, updated_at = now()`.execute(
    db,
  )
}

/** Which workflow came from this file when it could last be read. */
export async function workflowOfFile(db: Kysely<Tables>, file: string): Promise<string | null> {
  const { rows } = await sql<{ workflow: string }>`
    select workflow from workflow where file = ${file} and hash is not null order by updated_at desc limit 1`.execute(
    db,
  )
  return rows[0]?.workflow ?? null
}

/** Workflows whose file is there and cannot be used: nothing is decided about their cases. */
export async function frozenWorkflows(db: Kysely<Tables>): Promise<Set<string>> {
  const { rows } = await sql<{ workflow: string }>`select workflow from workflow where load_error is not null`.execute(
    db,
  )
  return new Set(rows.map((row) => row.workflow))
}

/**
 * Workflows whose file is gone from the configuration stop running; their history stays. Returns the policies that they
 * ran, so that what they leave open can be closed.
 */
export async function retireWorkflows(trx: Kysely<Tables>, present: readonly string[]): Promise<Policy[]> {
  const { rows } = await sql<{ document: Policy | null }>`
    with gone as (
      select workflow, hash from workflow
      where not (workflow = any(${present}::text[])) and (hash is not null or load_error is not null)
      order by workflow for update
    ), retired as (
      update workflow w set effective_mode = 'draft', problems = '[]'::jsonb, load_error = null, hash = null,
        updated_at = now()
      from gone where gone.workflow = w.workflow
    )
    select p.document from gone left join policy_version p on p.hash = gone.hash`.execute(trx)
  return rows.map((row) => row.document).filter((document) => document !== null)
}

/** What runs now. Policies are small and few: read per batch, so that a decision never uses a version that was replaced. */
export async function workflowsInForce(db: Kysely<Tables>): Promise<{ hash: string; effectiveMode: Mode }[]> {
  const { rows } = await sql<{ hash: string; effective_mode: Mode }>`
    select hash, effective_mode from workflow where hash is not null and load_error is null
    order by workflow`.execute(db)
  return rows.map((row) => ({ hash: row.hash, effectiveMode: row.effective_mode }))
}

/** The policies that run now, in full. */
export async function policiesInForce(db: Kysely<Tables>): Promise<PolicyVersion[]> {
  const { rows } = await sql<{ hash: string; document: Policy }>`
    select w.hash, p.document from workflow w join policy_version p on p.hash = w.hash
    where w.load_error is null order by w.workflow`.execute(db)
  return rows.map(({ hash, document }) => ({ hash, policy: document }))
}

export async function readPolicy(db: Kysely<Tables>, hash: string): Promise<Policy> {
  const { rows } = await sql<{ document: Policy }>`select document from policy_version where hash = ${hash}`.execute(db)
  const row = rows[0]
  if (!row) throw new Error(`Policy version ${hash} is cited but not stored`)
  return row.document
}
