import { sql } from 'kysely'
import { matrixRows } from '../../model/surface/matrix.ts'
import type { Database } from '../../store/database/database.ts'
import { policyInForce, versionInForce } from '../../store/decisions/policies.ts'
import type { MatrixReply } from './matrix-types.ts'
import { readLanes } from './read-lanes.ts'

type OpenRow = { class: string; cases: number; causes: number; overdue: number; firstDueAt: Date | null }

const NONE_OPEN = { cases: 0, causes: 0, overdue: 0, firstDueAt: null }

/** M60: one workflow in one picture. Null: no version of it runs. */
export async function readMatrix(db: Database, workflow: string): Promise<MatrixReply | null> {
  const [asInFile, policy] = await Promise.all([versionInForce(db, workflow), policyInForce(db, workflow)])
  if (asInFile === null || policy === null) return null
  const [lanes, open] = await Promise.all([readLanes(db, asInFile.version.policy), readOpen(db, workflow)])
  return {
    workflow,
    lanes,
    rows: matrixRows(policy).map(({ kinds, rules, ...row }) => ({
      ...row,
      kinds: [...kinds],
      rules: { says: rules.says, branches: [...rules.branches] },
      open: open.get(row.class) ?? NONE_OPEN,
    })),
  }
}

async function readOpen(db: Database, workflow: string) {
  const { rows } = await sql<OpenRow>`
    select class, count(*) as cases, count(distinct (connection_id, cause)) as causes,
      count(*) filter (where due_at < now()) as overdue, min(due_at) as "firstDueAt"
    from exception where workflow = ${workflow} and status = 'open' group by class`.execute(db)
  return new Map(
    rows.map(({ class: name, firstDueAt, ...counts }) => {
      return [name, { ...counts, firstDueAt: firstDueAt?.toISOString() ?? null }] as const
    }),
  )
}
