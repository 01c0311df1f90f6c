import { type Kysely, sql } from 'kysely'
import type { Mode } from '../../model/policy/policy.ts'
import type { Tables } from '../database/tables.ts'

/** A workflow as it runs now, or why it does not. */
export type RunningVersion = {
  readonly workflow: string
  readonly hash: string | null
  /** Null with the hash: no version of it runs. */
  readonly version: { readonly number: number; readonly storedAt: Date } | null
  readonly mode: Mode
  readonly effectiveMode: Mode
  readonly problems: readonly { readonly problem?: string; readonly step?: string }[]
  readonly isFileRefused: boolean
}

/** Of `workflow w` and its `policy_version p`: the number of the version that runs. */
export const VERSION_NUMBER = sql`(
  select count(*)::int from policy_version v where v.workflow = w.workflow and v.stored_at <= p.stored_at)`

/** Every workflow with the version that runs, numbered in the order in which its versions first came into force. */
export async function runningVersions(db: Kysely<Tables>): Promise<Map<string, RunningVersion>> {
  const { rows } = await sql<Omit<RunningVersion, 'version'> & { number: number; storedAt: Date | null }>`
    select w.workflow, w.hash, w.mode, w.effective_mode as "effectiveMode", w.problems,
           w.load_error is not null as "isFileRefused", p.stored_at as "storedAt",
           ${VERSION_NUMBER} as number
    from workflow w left join policy_version p on p.hash = w.hash order by w.workflow`.execute(db)
  return new Map(
    rows.map(({ number, storedAt, ...row }) => [row.workflow, { ...row, version: storedAt && { number, storedAt } }]),
  )
}
