import { sql } from 'kysely'
import type { ExceptionClass } from '../../model/classes/class.ts'
import type { BranchMode, PatternName } from '../../model/policy/policy.ts'
import { ruleOutcome } from '../../model/surface/rule-outcome.ts'
import type { RuleCount, RuleOutcome } from '../../model/surface/surface.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { isIn, type LeftOut } from './left-out.ts'

const LISTED_MAX = 10
/** M28 drafts a rule from as many equal outcomes; until it does, the scan counts the cases. */
const REPEATS_MIN = 5

export async function readRuleCount(trx: DatabaseTransaction, leftOut: readonly LeftOut[]): Promise<RuleCount> {
  const { rows } = await sql<{
    workflow: string
    branch: string | null
    pattern: PatternName
    class: ExceptionClass
    mode: BranchMode | null
    is_covered: boolean
    cases: number
  }>`
    select e.workflow, e.branch, e.pattern, e.class, r.receipt->>'mode' as mode,
           coalesce(r.receipt->>'rule', '') <> '' as is_covered, count(*) as cases
    from exception e
    left join ledger l on l.seq = e.receipt_seq
    -- offset 0 keeps the planner from parsing the text once per column
    left join lateral (select l.body::jsonb->'receipt' as receipt offset 0) r on true
    where e.status = 'open' and ${isIn(leftOut, sql`e.connection_id`)}
    group by 1, 2, 3, 4, 5, 6`.execute(trx)
  const byOutcome: Record<RuleOutcome, number> = {
    settled: await countSettled(trx, leftOut),
    'could-settle': 0,
    field: 0,
    'no-rule': 0,
    person: 0,
    unknown: 0,
  }
  const couldSettle = []
  for (const { workflow, branch, pattern, class: name, mode, is_covered: isCovered, cases } of rows) {
    const outcome = ruleOutcome({ pattern, class: name, mode, isCovered })
    byOutcome[outcome] += cases
    if (outcome === 'could-settle') couldSettle.push({ workflow, branch: branch ?? '', pattern, cases })
  }
  return { byOutcome, couldSettle: merged(couldSettle).slice(0, LISTED_MAX), ...(await readRepeated(trx, leftOut)) }
}

/** The classes of one line are added up. */
function merged(rows: RuleCount['couldSettle']): RuleCount['couldSettle'] {
  return [...Map.groupBy(rows, (row) => `${row.workflow}\n${row.branch}\n${row.pattern}`).values()]
    .map((some) => ({ ...some[0]!, cases: some.reduce((total, row) => total + row.cases, 0) }))
    .sort((a, b) => b.cases - a.cases)
}

/** Each case once, however often its rule answered; one that is open again is not settled. */
async function countSettled(trx: DatabaseTransaction, leftOut: readonly LeftOut[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (
      select connection_id, workflow, pattern, subject from exception
      where status = 'settled-by-rule' and ${isIn(leftOut)}
      except
      select connection_id, workflow, pattern, subject from exception where status = 'open'
    ) settled`.execute(trx)
  return rows[0]?.n ?? 0
}

async function readRepeated(
  trx: DatabaseTransaction,
  leftOut: readonly LeftOut[],
): Promise<Pick<RuleCount, 'repeated' | 'repeatedCases'>> {
  const { rows } = await sql<{ workflow: string; title: string; cases: number; total: number }>`
    select workflow, coalesce(max(cause_title), cause) as title, count(*) as cases,
           (sum(count(*)) over ())::bigint as total
    from exception where status = 'open' and pattern = 'no-rule' and ${isIn(leftOut)}
    group by workflow, cause having count(*) >= ${REPEATS_MIN}
    order by 3 desc, 2 limit ${LISTED_MAX}`.execute(trx)
  return {
    repeated: rows.map(({ workflow, title, cases }) => ({ workflow, title, cases })),
    repeatedCases: rows[0]?.total ?? 0,
  }
}
