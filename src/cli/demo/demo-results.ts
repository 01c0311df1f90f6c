import { sql } from 'kysely'
import { EXCEPTION_CLASSES } from '../../model/classes/class.ts'
import { unknownInput } from '../../model/patterns/unknown-input.ts'
import type { Database } from '../../store/database/database.ts'
import { countToDecide } from '../../store/records/records-to-decide.ts'

export type DemoResults = {
  readonly events: {
    readonly received: number
    readonly duplicate: number
    readonly applied: number
    readonly skipped: Readonly<Record<string, number>>
  }
  readonly exceptions: {
    readonly byClass: Readonly<Record<string, number>>
    readonly byPattern: Readonly<Record<string, number>>
    readonly byPosture: Readonly<Record<string, number>>
  }
  readonly tasks: { readonly hubspot: number; readonly salesforce: number; readonly duplicates: number }
  readonly routed: { readonly byRule: Readonly<Record<string, number>> }
  readonly calls: { readonly hubspot: number; readonly salesforce: number }
  /** Records whose decision was still to come when this was counted: none, or the figures are not final. */
  readonly toDecide: number
  readonly quality: Readonly<Record<string, Quality>>
  readonly seconds: number
}

export type Quality = { readonly labelled: number; readonly precision: number; readonly recall: number }

/** One defect as the sandbox's labels name it, and as our exceptions do. */
export type Defect = {
  readonly pattern: string
  readonly crm: string
  readonly objectType: string
  readonly recordId: string
  readonly detail: string
}

/** A task as the CRM itself lists it, in its own words: `NOT_STARTED`, `Completed`. */
export type CrmTaskListed = { readonly id: string; readonly key: string | null; readonly status: string }

export async function pipelineResults(
  db: Database,
): Promise<Pick<DemoResults, 'events' | 'exceptions' | 'routed' | 'calls' | 'toDecide'>> {
  const duplicate = await one(
    db,
    sql`select coalesce(sum(n), 0)::int as n from counter where name = 'events-duplicate'`,
  )
  const stored = await one(db, sql`select count(*)::int as n from change_event`)
  const applied = await one(db, sql`select count(*)::int as n from change_event where state = 'applied'`)
  const skipped = await counts(
    db,
    sql`
    select skip_reason as name, count(*)::int as n from change_event where state = 'skipped' group by 1 order by 1`,
  )
  const byClass = await counts(db, sql`select class as name, count(*)::int as n from exception group by 1`)
  const byPattern = await counts(
    db,
    sql`select pattern as name, count(*)::int as n from exception group by 1 order by 1`,
  )
  const byPosture = await counts(
    db,
    sql`select posture as name, count(*)::int as n from exception group by 1 order by 1`,
  )
  const byRule = await counts(
    db,
    sql`
    select payload->>'rule' as name, count(*)::int as n from intent where kind = 'owner' and state = 'done' group by 1 order by 1`,
  )
  const calls = await counts(
    db,
    sql`
    select c.crm as name, sum(b.calls_total)::int as n from call_budget b join connection c on c.id = b.connection_id group by 1`,
  )
  return {
    events: { received: stored + duplicate, duplicate, applied, skipped },
    exceptions: {
      byClass: Object.fromEntries(EXCEPTION_CLASSES.map((name) => [name, byClass[name] ?? 0])),
      byPattern,
      byPosture,
    },
    routed: { byRule },
    calls: { hubspot: calls.hubspot ?? 0, salesforce: calls.salesforce ?? 0 },
    toDecide: await countToDecide(db),
  }
}

/**
 * Every defect that was ever found, settled and resolved ones included: a case that was mended was there. The case of an
 * input says what we do not know, for example to which of two accounts of one domain a lead belongs, and is no defect.
 */
export async function foundDefects(db: Database): Promise<Defect[]> {
  const { rows } = await sql<{
    pattern: string
    crm: string
    object_type: string
    record_id: string
    subject: string
    connection_id: string
  }>`
    select distinct e.pattern, c.crm, e.object_type, e.record_id, e.subject, e.connection_id
    from exception e join connection c on c.id = e.connection_id
    where e.pattern <> ${unknownInput.name}`.execute(db)
  return rows.map((row) => ({
    pattern: row.pattern,
    crm: row.crm,
    objectType: row.object_type,
    recordId: row.record_id,
    detail: row.subject.slice(`${row.connection_id}/${row.object_type}/${row.record_id}/`.length),
  }))
}

export function quality(
  labels: readonly Defect[],
  found: readonly Defect[],
): { readonly scores: Record<string, Quality>; readonly missed: Defect[]; readonly surplus: Defect[] } {
  const keyOf = (d: Defect) => `${d.pattern}|${d.crm}|${d.objectType}|${d.recordId}|${d.detail}`
  const labelled = new Map(labels.map((d) => [keyOf(d), d]))
  const detected = new Map(found.map((d) => [keyOf(d), d]))
  const missed = [...labelled].filter(([key]) => !detected.has(key)).map(([, d]) => d)
  const surplus = [...detected].filter(([key]) => !labelled.has(key)).map(([, d]) => d)
  const scores: Record<string, Quality> = {}
  for (const pattern of new Set([...labelled.values(), ...detected.values()].map((d) => d.pattern))) {
    const ofPattern = (d: Defect) => d.pattern === pattern
    const labelledCount = [...labelled.values()].filter(ofPattern).length
    const foundCount = [...detected.values()].filter(ofPattern).length
    const right = labelledCount - missed.filter(ofPattern).length
    scores[pattern] = {
      labelled: labelledCount,
      precision: foundCount === 0 ? 1 : round(right / foundCount),
      recall: labelledCount === 0 ? 1 : round(right / labelledCount),
    }
  }
  return { scores: Object.fromEntries(Object.entries(scores).sort(([a], [b]) => (a < b ? -1 : 1))), missed, surplus }
}

/**
 * Tasks too many, by the CRM's own list: open ones beyond one per cause, and keys that stand there twice. A key that we
 * do not remember writing counts as one too many.
 */
export async function duplicateTasks(db: Database, listed: readonly CrmTaskListed[]): Promise<number> {
  const ours = listed.filter((task) => task.key?.startsWith('lk-'))
  const keysTwice = ours.length - new Set(ours.map((task) => task.key)).size
  const open = new Set(ours.filter((task) => !/^completed$/i.test(task.status)).map((task) => task.key))
  const { rows } = await sql<{ cause: string }>`
    select distinct connection_id || '/' || workflow || '/' || cause as cause from task
    where key = any(${[...open]}::text[])`.execute(db)
  return keysTwice + open.size - rows.length
}

async function one(db: Database, query: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await (query as ReturnType<typeof sql<{ n: number }>>).execute(db)
  return rows[0]!.n
}

async function counts(db: Database, query: ReturnType<typeof sql>): Promise<Record<string, number>> {
  const { rows } = await (query as ReturnType<typeof sql<{ name: string; n: number }>>).execute(db)
  return Object.fromEntries(rows.map((row) => [row.name, row.n]))
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
