import { sql } from 'kysely'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../../model/classes/class.ts'
import { POSTURE } from '../../model/classes/posture.ts'
import type { Mode, PatternName, Policy } from '../../model/policy/policy.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Surface, SurfaceConnection } from '../../model/surface/surface.ts'
import type { Database, DatabaseTransaction } from '../database/database.ts'
import { POLICY_COLUMNS, type PolicyRow, policyOf } from '../decisions/policies.ts'
import { countToDecide } from '../records/records-to-decide.ts'
import { readFields, readSources } from './fields.ts'
import { isIn, type LeftOut, leftOutConnections } from './left-out.ts'
import { readCaseOwners, readRecordOwners } from './owners.ts'
import { readRuleCount } from './rules.ts'
import { type RecordLink, readWorstCases } from './worst-cases.ts'

/** A scan of 1,000,000 records takes seconds; one that hangs on a busy database must end. */
const STATEMENT_TIMEOUT_MS = 300_000

/**
 * Reads the exception surface. One read-only transaction on one snapshot, so that all numbers agree with each other
 * although the workers go on. Every answer is a handful of rows: memory does not grow with the data.
 */
export function readSurface(
  db: Database,
  now: Date,
  recordLink: RecordLink,
  /** Told what is being read, before each part: each takes seconds when there are a million records. */
  onPart: (what: string) => void = () => undefined,
): Promise<Surface> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      await sql`select set_config('statement_timeout', ${String(STATEMENT_TIMEOUT_MS)}, true)`.execute(trx)
      const leftOut = await leftOutConnections(trx)
      const workflows = await readWorkflows(trx)
      const policies = workflows.map(({ policy }) => policy)
      onPart('records')
      const connections = await readObjects(trx, policies, leftOut)
      const objects = connections.flatMap((connection) => connection.objects)
      onPart('cases')
      const cases = await readCases(trx, now, leftOut)
      onPart('whose the records are')
      const recordOwners = await readRecordOwners(trx, policies, leftOut)
      onPart('whose the cases are')
      const caseOwners = await readCaseOwners(trx, policies, now, leftOut)
      onPart('what rules could settle')
      const rules = await readRuleCount(trx, leftOut)
      onPart('the worst cases')
      const worst = await readWorstCases(trx, recordLink, leftOut)
      onPart('fields')
      const fields = await readFields(trx, connections, policies)
      onPart('sources')
      const sources = await readSources(trx, connections, policies)
      return {
        takenAt: now.toISOString(),
        connections,
        leftOut,
        workflows: workflows.map(({ policy, mode }) => ({ workflow: policy.workflow, title: policy.title, mode })),
        records: {
          read: sum(objects, 'records'),
          watched: sum(
            objects.filter((object) => object.isWatched),
            'records',
          ),
          affected: sum(objects, 'affected'),
          toDecide: await countToDecide(trx, leftOut),
        },
        cases,
        rules,
        recordOwners: recordOwners.listed,
        moreRecordOwners: recordOwners.rest,
        caseOwners: caseOwners.listed,
        moreCaseOwners: caseOwners.rest,
        worst,
        fields,
        sources,
      }
    })
}

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0)
}

async function readWorkflows(trx: DatabaseTransaction): Promise<{ policy: Policy; mode: Mode }[]> {
  const { rows } = await sql<PolicyRow & { mode: Mode }>`
    select ${POLICY_COLUMNS}, w.effective_mode as mode
    from workflow w join policy_version p on p.hash = w.hash
    where w.effective_mode <> 'draft' order by w.workflow`.execute(trx)
  return rows.map(({ mode, ...row }) => ({ policy: policyOf(row), mode }))
}

async function readObjects(
  trx: DatabaseTransaction,
  policies: readonly Policy[],
  leftOut: readonly LeftOut[],
): Promise<SurfaceConnection[]> {
  const { rows } = await sql<{
    id: string
    crm: Crm
    title: string
    object_type: string | null
    records: number
    affected: number
    cases: number
  }>`
    with read as (
      select connection_id, object_type, count(*) as records from record
      where not deleted and merged_into is null and object_type <> all(${objectsAbout('task')}::text[]) group by 1, 2
    ), broken as (
      select connection_id, object_type, count(distinct record_id) as affected, count(*) as cases
      from exception where status = 'open' group by 1, 2
    )
    select c.id, c.crm, c.title, r.object_type, coalesce(r.records, 0) as records,
           coalesce(b.affected, 0) as affected, coalesce(b.cases, 0) as cases
    from connection c
    left join read r on r.connection_id = c.id
    left join broken b on b.connection_id = c.id and b.object_type = r.object_type
    where c.status <> 'disconnected' and ${isIn(leftOut, sql`c.id`)}
    order by c.crm, c.id, r.object_type`.execute(trx)
  const watched = new Set(policies.flatMap(({ objects }) => objects.map(({ crm, object }) => `${crm}.${object}`)))
  return [...Map.groupBy(rows, (row) => row.id)].map(([id, some]) => ({
    id,
    crm: some[0]!.crm,
    title: some[0]!.title,
    objects: some.flatMap(({ crm, object_type: objectType, records, affected, cases }) =>
      objectType === null
        ? []
        : [{ objectType, records, affected, cases, isWatched: watched.has(`${crm}.${objectType}`) }],
    ),
  }))
}

async function readCases(trx: DatabaseTransaction, now: Date, leftOut: readonly LeftOut[]): Promise<Surface['cases']> {
  // Grouping sets, because a record with two cases counts once in each line and once in the total.
  const { rows } = await sql<{
    pattern: PatternName | null
    class: ExceptionClass | null
    cases: number
    records: number
    overdue: number
  }>`
    select pattern, class, count(*) as cases, count(*) filter (where due_at < ${now} and waits_since is null) as overdue,
           count(distinct (connection_id, object_type, record_id)) as records
    from exception where status = 'open' and ${isIn(leftOut)}
    group by grouping sets ((), (pattern), (class), (pattern, class))`.execute(trx)
  const whole = rows.find((row) => row.pattern === null && row.class === null)
  const casesOf = (pattern: PatternName | null, name: ExceptionClass) =>
    rows.find((row) => row.pattern === pattern && row.class === name)
  const byPattern = rows.flatMap(({ pattern, class: name, cases, records }) =>
    pattern === null || name !== null
      ? []
      : [{ pattern, cases, records, byClass: tally((one) => casesOf(pattern, one)?.cases ?? 0) }],
  )
  return {
    open: whole?.cases ?? 0,
    overdue: whole?.overdue ?? 0,
    byPattern: byPattern.sort((a, b) => b.cases - a.cases || a.pattern.localeCompare(b.pattern)),
    byClass: EXCEPTION_CLASSES.map((name) => ({
      class: name,
      posture: POSTURE[name],
      cases: casesOf(null, name)?.cases ?? 0,
      records: casesOf(null, name)?.records ?? 0,
    })),
  }
}

/** One number per class, all five there. */
function tally(of: (name: ExceptionClass) => number): Record<ExceptionClass, number> {
  return {
    expected: of('expected'),
    risky: of('risky'),
    'customer-facing': of('customer-facing'),
    'revenue-impacting': of('revenue-impacting'),
    unknown: of('unknown'),
  }
}
