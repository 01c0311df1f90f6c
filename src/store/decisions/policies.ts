import { type Kysely, sql } from 'kysely'
import { type Staff, withStaff } from '../../model/people/staff.ts'
import { type StoredMark, withMarks } from '../../model/policy/marks.ts'
import { type ModeSet, withMode } from '../../model/policy/mode-set.ts'
import {
  type Mode,
  NO_OWNERS,
  type Policy,
  type PolicyContent,
  type PolicyOwners,
  type PolicyVersion,
  policyContent,
} from '../../model/policy/policy.ts'
import type { CompanyPeople } from '../../model/record/company-people.ts'
import type { Tables } from '../database/tables.ts'
import { MARK_COLUMN } from '../publishing/marks.ts'

export type WorkflowInForce = { readonly version: PolicyVersion; readonly effectiveMode: Mode }

/** Of `workflow w` and its `policy_version p`: what `policyOf` makes the policy from. */
export const POLICY_COLUMNS = sql`p.document, w.staff, w.file_owners as "fileOwners", ${MARK_COLUMN}, (
  select jsonb_build_object('mode', m.mode, 'pilot', m.pilot) from mode_change m
  where m.workflow = w.workflow order by m.id desc limit 1) as "modeSet"`

export type PolicyRow = {
  /** Versions of before people existed name owners, too. */
  readonly document: PolicyContent & { readonly owners?: PolicyOwners }
  readonly staff: Staff | null
  readonly fileOwners: PolicyOwners | null
  /** Of the workflow, also those of rules that were edited since. Null: none. */
  readonly marks: readonly StoredMark[] | null
  /** Null: as the version says. */
  readonly modeSet: ModeSet | null
}

/**
 * The policy with whoever holds its jobs now, what they marked, and in the mode that people set. Everybody who reads one
 * reads it here, so that all see the same.
 */
export function policyOf({ document, staff, fileOwners, marks, modeSet }: PolicyRow): Policy {
  const { owners: former = NO_OWNERS, ...content } = document
  const staffed = withStaff(content, staff ?? { owners: fileOwners ?? former, persons: [], away: [] })
  return withMode(withMarks(staffed, marks ?? []), modeSet)
}

/** Stores a version once and for ever: the same hash is the same text, and a decision cites it years later. */
export async function storePolicyVersion(db: Kysely<Tables>, version: PolicyVersion, source: string): Promise<void> {
  await sql`
    insert into policy_version (hash, workflow, document, source)
    values (${version.hash}, ${version.policy.workflow}, ${JSON.stringify(policyContent(version.policy))}::jsonb, ${source})
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
    /** How our own code reads records and policies, see READING_VERSION. */
    readonly readingVersion: string
    readonly mode: Mode
    readonly effectiveMode: Mode
    readonly problems: readonly unknown[]
    /** As the file names them. */
    readonly owners: PolicyOwners
    /** Why the file as it is now was refused, while this version of it keeps running. Null: the file is this version. */
    readonly refused: readonly unknown[] | null
  },
): Promise<boolean> {
  const { workflow: name, title, file, hash, mode, effectiveMode, refused } = workflow
  const problems = JSON.stringify(workflow.problems)
  const owners = JSON.stringify(workflow.owners)
  const loadError = refused === null ? null : JSON.stringify({ file, errors: refused })
  const versionId = await versionIdOf(db, workflow)
  const { rows } = await sql<{ changed: boolean }>`
    with before as (select version_id, effective_mode from workflow where workflow = ${name}),
    saved as (
      insert into workflow (workflow, title, file, hash, version_id, mode, effective_mode, problems, load_error, file_owners)
      values (${name}, ${title}, ${file}, ${hash}, ${versionId}, ${mode}, ${effectiveMode}, ${problems}::jsonb,
        ${loadError}::jsonb, ${owners}::jsonb)
      on conflict (workflow) do update set title = excluded.title, file = excluded.file, hash = excluded.hash,
        version_id = excluded.version_id, mode = excluded.mode, effective_mode = excluded.effective_mode,
        problems = excluded.problems, load_error = excluded.load_error, file_owners = excluded.file_owners,
        version_turn = workflow.version_turn + (workflow.version_id is distinct from excluded.version_id)::int,
        updated_at = now()
    )
    select not exists (
      select 1 from before where version_id = ${versionId} and effective_mode = ${effectiveMode}) as changed`.execute(
    db,
  )
  return rows[0]!.changed
}

const LAST_RAISE = (workflow: string) => sql`coalesce((
  select max(m.id) from mode_change m where m.workflow = ${workflow} and m.is_raise), 0)`

/** The same policy under the same code has the same number, so that going back to it is no news for a record. */
async function versionIdOf(
  db: Kysely<Tables>,
  { workflow, hash, readingVersion }: { workflow: string; hash: string; readingVersion: string },
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    with made as (
      insert into workflow_version (workflow, hash, reading_version, raise_id)
      values (${workflow}, ${hash}, ${readingVersion}, ${LAST_RAISE(workflow)})
      on conflict (workflow, hash, reading_version, raise_id) do nothing returning id
    )
    select id from made union all
    select id from workflow_version where workflow = ${workflow} and hash = ${hash}
      and reading_version = ${readingVersion} and raise_id = ${LAST_RAISE(workflow)}`.execute(db)
  return rows[0]!.id
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
 * A policy file that cannot be used, of a workflow that has no version to go on with: it does not run, and says why. Its
 * open cases and tasks stay as they are: a slip of the pen is no decision about them.
 */
export async function refusePolicy(
  db: Kysely<Tables>,
  refused: { readonly workflow: string; readonly file: string; readonly errors: readonly unknown[] },
): Promise<void> {
  const error = JSON.stringify({ file: refused.file, errors: refused.errors })
  await sql`
    insert into workflow (workflow, title, file, mode, effective_mode, load_error)
    values (${refused.workflow}, ${refused.workflow}, ${refused.file}, 'draft', 'draft', ${error}::jsonb)
    on conflict (workflow) do update set hash = null, version_id = null, effective_mode = 'draft', file = excluded.file,
      load_error = excluded.load_error, updated_at = now()`.execute(db)
}

/** Which workflow came from this file when it could last be read. */
export async function workflowOfFile(db: Kysely<Tables>, file: string): Promise<string | null> {
  const { rows } = await sql<{ workflow: string }>`
    select workflow from workflow where file = ${file} and workflow <> ${file} and (hash is not null or load_error is not null)
    order by updated_at desc limit 1`.execute(db)
  return rows[0]?.workflow ?? null
}

/** Workflows whose file is there and cannot be used, without a version that runs: nothing is decided about their cases. */
export async function frozenWorkflows(db: Kysely<Tables>): Promise<Set<string>> {
  const { rows } = await sql<{ workflow: string }>`
    select workflow from workflow where load_error is not null and hash is null`.execute(db)
  return new Set(rows.map((row) => row.workflow))
}

export type StoredVersion = { readonly version: PolicyVersion; readonly source: string }

/** The version of a workflow that is in force, with the owners that its file names and the text it was read from. */
export async function versionInForce(db: Kysely<Tables>, workflow: string): Promise<StoredVersion | null> {
  const { rows } = await sql<PolicyRow & { hash: string; source: string }>`
    select p.hash, p.source, p.document, w.file_owners as "fileOwners", null as staff, null as marks, null as "modeSet"
    from workflow w join policy_version p on p.hash = w.hash where w.workflow = ${workflow}`.execute(db)
  const row = rows[0]
  return row === undefined ? null : { version: { hash: row.hash, policy: policyOf(row) }, source: row.source }
}

/**
 * Workflows whose file is gone from the configuration stop running; their history stays. Returns the policies that they
 * ran, so that what they leave open can be closed.
 */
export async function retireWorkflows(
  trx: Kysely<Tables>,
  present: readonly string[],
): Promise<Pick<PolicyContent, 'workflow' | 'objects'>[]> {
  const { rows } = await sql<{ document: PolicyContent | null }>`
    with gone as (
      select workflow, hash from workflow
      where not (workflow = any(${present}::text[])) and (hash is not null or load_error is not null)
      order by workflow for update
    ), ends as (
      delete from workflow_connection wc using gone where wc.workflow = gone.workflow
    ), retired as (
      update workflow w set effective_mode = 'draft', problems = '[]'::jsonb, load_error = null, hash = null,
        version_id = null, staff = null, updated_at = now()
      from gone where gone.workflow = w.workflow
    )
    select p.document from gone left join policy_version p on p.hash = gone.hash`.execute(trx)
  return rows.map((row) => row.document).filter((document) => document !== null)
}

export type VersionRunning = {
  readonly workflow: string
  readonly hash: string
  readonly versionId: number
  /** Rises whenever something else begins to run: two with the same one were decided by the same version. */
  readonly versionTurn: number
  /** The number that a decision of now cites; 0: nothing was published yet. */
  readonly sequence: number
  /** Of who holds its jobs, and of its marks. */
  readonly jobsRevision: number
  /** Of its mode, and a pilot's slice and cap. */
  readonly modeRevision: number
  readonly effectiveMode: Mode
}

/**
 * What runs now in this connection; without one, anywhere. Policies are small and few: read per batch, so that a decision
 * never uses a version that was replaced.
 */
export async function workflowsInForce(
  db: Kysely<Tables>,
  connectionId: string | undefined,
): Promise<VersionRunning[]> {
  const { rows } = await sql<VersionRunning>`
    -- no number: put in force by code of before, and no record agrees with it
    select w.workflow, w.hash, w.jobs_revision as "jobsRevision", coalesce(w.version_id, 0) as "versionId",
      w.version_turn as "versionTurn", (select coalesce(max(seq), 0) from publication) as sequence,
      coalesce((select max(m.id) from mode_change m where m.workflow = w.workflow), 0)::int as "modeRevision",
      case when w.effective_mode in ('pilot', 'live') then coalesce(wc.effective_mode, w.effective_mode)
        else w.effective_mode end as "effectiveMode"
    from workflow w
    left join workflow_connection wc on wc.workflow = w.workflow and wc.connection_id = ${connectionId ?? null}
    where w.hash is not null order by w.workflow`.execute(db)
  return rows
}

export type RowInForce = PolicyRow & { readonly hash: string; readonly problems: readonly unknown[] }

/** The rows of all policies that run now, with what readiness found last. */
export async function rowsInForce(db: Kysely<Tables>): Promise<RowInForce[]> {
  const { rows } = await sql<RowInForce>`
    select w.hash, w.problems, ${POLICY_COLUMNS} from workflow w join policy_version p on p.hash = w.hash
    order by w.workflow`.execute(db)
  return rows
}

/** What readiness found last. Null: no version of the workflow is in force. */
export async function problemsOf<Problem>(db: Kysely<Tables>, workflow: string): Promise<readonly Problem[] | null> {
  const { rows } = await sql<{ problems: Problem[] }>`
    select problems from workflow where workflow = ${workflow} and hash is not null`.execute(db)
  return rows[0]?.problems ?? null
}

/** The policies that run now, in full. */
export async function policiesInForce(db: Kysely<Tables>): Promise<PolicyVersion[]> {
  return (await rowsInForce(db)).map(({ hash, ...row }) => ({ hash, policy: policyOf(row) }))
}

/** What the policies in force say of the company's people: one for all, but for versions that were kept. */
export async function peopleInForce(db: Kysely<Tables>): Promise<CompanyPeople[]> {
  const { rows } = await sql<{ people: CompanyPeople | null; persons: string[][] | null }>`
    select distinct p.document #> '{people}' as people, w.staff #> '{persons}' as persons
    from workflow w join policy_version p on p.hash = w.hash`.execute(db)
  return rows.flatMap(({ people, persons }) => [
    ...(people === null ? [] : [people]),
    ...(persons === null || persons.length === 0 ? [] : [{ persons, integrations: [] }]),
  ])
}

/** What a workflow runs by now: with its people, marks and mode. Null: nothing of it is in force. */
export async function policyInForce(db: Kysely<Tables>, workflow: string): Promise<Policy | null> {
  const { rows } = await sql<PolicyRow>`
    select ${POLICY_COLUMNS} from workflow w join policy_version p on p.hash = w.hash
    where w.workflow = ${workflow}`.execute(db)
  return rows[0] === undefined ? null : policyOf(rows[0])
}

/** The version of a workflow with those who hold its jobs now. */
export async function readPolicy(db: Kysely<Tables>, of: Pick<VersionRunning, 'workflow' | 'hash'>): Promise<Policy> {
  const { rows } = await sql<PolicyRow>`
    select ${POLICY_COLUMNS} from policy_version p left join workflow w on w.workflow = ${of.workflow}
    where p.hash = ${of.hash}`.execute(db)
  const row = rows[0]
  if (!row) throw new Error(`Policy version ${of.hash} is cited but not stored`)
  return policyOf(row)
}
