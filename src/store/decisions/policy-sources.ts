import { type Kysely, sql } from 'kysely'
import type { Policy } from '../../model/policy/policy.ts'
import type { Tables } from '../database/tables.ts'
import { POLICY_COLUMNS, type PolicyRow, policyOf } from './policies.ts'

/** The policies that run now, each with the text that it was read from and the file's path. */
export async function policySources(
  db: Kysely<Tables>,
): Promise<{ readonly policy: Policy; readonly file: string; readonly source: string }[]> {
  const { rows } = await sql<PolicyRow & { file: string; source: string }>`
    select ${POLICY_COLUMNS}, w.file, p.source from workflow w join policy_version p on p.hash = w.hash
    order by w.workflow`.execute(db)
  return rows.map(({ file, source, ...row }) => ({ policy: policyOf(row), file, source }))
}
