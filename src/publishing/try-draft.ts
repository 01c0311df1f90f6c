import { setImmediate as letOthersRun } from 'node:timers/promises'
import type { ExceptionClass } from '../model/classes/class.ts'
import { decide } from '../model/decision/decide.ts'
import type { Decision } from '../model/decision/decision.ts'
import { fieldsNeeded } from '../model/patterns/contract/fields-needed.ts'
import { findPattern } from '../model/patterns/registry.ts'
import { buildDirectory } from '../model/people/directory.ts'
import { fitPolicy } from '../model/policy/fit.ts'
import type { PatternName, Policy, PolicyVersion } from '../model/policy/policy.ts'
import { type CrmRecord, refKey } from '../model/record/crm-record.ts'
import type { Directory } from '../model/record/crm-user.ts'
import { recordTitle } from '../model/record/record-title.ts'
import { neighbourQuery } from '../pipeline/decide/decision-batch.ts'
import { type ConnectionRow, listConnections } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { openTaskCounts } from '../store/decisions/open-tasks.ts'
import { listUsers } from '../store/decisions/people.ts'
import { type SampledRecord, sampleRecords } from '../store/decisions/sample-records.ts'
import type { Draft } from '../store/publishing/drafts.ts'
import { describedObjects } from '../store/records/described-objects.ts'
import { readNeighbours } from '../store/records/neighbours.ts'
import { fieldsAsked } from '../store/records/object-schemas.ts'
import { policiesWith, readInForce } from './documents.ts'
import { withNotRead } from './not-read.ts'
import { objectsOf } from './objects-of.ts'

/** Per object, spread over all of its records. Two thousand are decided in about a second. */
const SAMPLE_MAX = 2_000
/** Decided between two looks at whatever else this process has to do. */
const AT_ONCE = 200
const EXAMPLES_MAX = 5

export type TriedExample = {
  readonly connectionId: string
  readonly objectType: string
  readonly recordId: string
  readonly name: string
  readonly class: ExceptionClass
  readonly says: string
}

export type TriedPattern = {
  readonly pattern: PatternName
  readonly label: string
  /** Scaled to all records where only a sample was decided. */
  readonly cases: number
  readonly byClass: Readonly<Partial<Record<ExceptionClass, number>>>
  readonly examples: readonly TriedExample[]
}

/** What a draft makes of the present records. Nothing of it was kept. */
export type Tried = {
  readonly workflows: readonly string[]
  readonly records: { readonly all: number; readonly decided: number; readonly inScope: number }
  readonly isEstimate: boolean
  readonly patterns: readonly TriedPattern[]
  /** What a rule would settle without anybody. */
  readonly settled: number
  /** Records of which something that counts is not known yet, so that there may be more cases. */
  readonly notKnown: number
  /** Fields that the draft looks at and that are read only once it is published. */
  readonly notRead: readonly {
    readonly connection: string
    readonly object: string
    readonly fields: readonly string[]
  }[]
  /** Connections whose first import still runs, so that some of their records are not here yet. */
  readonly importing: readonly string[]
  /** Disconnected while it ran: their records are left out. */
  readonly ended: readonly string[]
}

export type Progress = { readonly decided: number; readonly of: number }

/** M41: decides the present records by a draft. Reads our own copy, writes nothing. `tell` hears how far it is. */
export async function tryDraft(
  db: Database,
  draft: Pick<Draft, 'document' | 'content' | 'source'>,
  tell: (progress: Progress) => void,
): Promise<Tried> {
  const policies = policiesWith(await readInForce(db), draft)
  const connections = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
  const watching = connections.filter(({ crm }) =>
    policies.some(({ objects }) => objects.some((ref) => ref.crm === crm)),
  )
  const nowMs = await databaseNowMs(db)
  const directory = buildDirectory(await listUsers(db), await openTaskCounts(db))
  const samples = await samplesOf(db, policies, watching)
  const of = samples.reduce((sum, { records }) => sum + records.length, 0)
  tell({ decided: 0, of })
  const counts = new Map(watching.map(({ id }) => [id as string, new Count()]))
  let decided = 0
  for (const sample of samples) {
    const count = counts.get(sample.connection.id)!
    await decideSample(db, sample, { count, directory, nowMs }, (n) => {
      decided += n
      tell({ decided, of })
    })
  }
  const still = new Set(
    (await listConnections(db)).flatMap(({ id, status }) => (status === 'disconnected' ? [] : [id])),
  )
  const there = watching.filter(({ id }) => still.has(id))
  return {
    workflows: policies.map(({ workflow }) => workflow),
    ...sumOf(there.map(({ id }) => counts.get(id)!)),
    notRead: await fieldsNotRead(db, policies, there),
    importing: there.filter(({ baseline }) => !baseline.done).map(({ title }) => title),
    ended: watching.filter(({ id }) => !still.has(id)).map(({ title }) => title),
  }
}

type Sample = {
  readonly connection: ConnectionRow
  readonly versions: readonly PolicyVersion[]
  readonly records: readonly SampledRecord[]
  readonly fields: readonly string[]
  readonly all: number
}

async function samplesOf(
  db: Database,
  policies: readonly Policy[],
  connections: readonly ConnectionRow[],
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const connection of connections) {
    const { crm, id } = connection
    const { objects: described } = await describedObjects(db, id)
    // As it runs: in the mode in which every rule speaks, and as the CRM's own schema can answer it.
    const fitted = policies.map((policy) =>
      fitPolicy({ ...policy, mode: 'live' as const, pilot: null }, crm, described),
    )
    for (const object of objectsOf(policies, crm)) {
      const { records, of: all } = await sampleRecords(db, id, object, SAMPLE_MAX)
      const { fields } = fieldsNeeded(policies, crm, object)
      const versions = fitted
        .filter((policy) => policy.objects.some((ref) => ref.crm === crm && ref.object === object))
        .map((policy) => ({ hash: policy.workflow, policy }))
      if (records.length > 0) samples.push({ connection, versions, records, fields, all })
    }
  }
  return samples
}

async function decideSample(
  db: Database,
  { connection, versions, records, fields, all }: Sample,
  { count, directory, nowMs }: { readonly count: Count; readonly directory: Directory; readonly nowMs: number },
  tell: (decided: number) => void,
): Promise<void> {
  count.begin(all, records.length)
  const scale = all / records.length
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const some = records.slice(from, from + AT_ONCE)
    const neighbours = await readNeighbours(db, connection.id, some.map(neighbourQuery))
    for (const { record } of some) {
      const input = {
        record: withNotRead(record, fields),
        neighbours: neighbours.get(refKey(record))!,
        directory,
        nowMs,
      }
      for (const version of versions) count.add(record, decide({ ...input, version }), scale)
    }
    tell(some.length)
    await letOthersRun()
  }
}

async function fieldsNotRead(
  db: Database,
  policies: readonly Policy[],
  connections: readonly ConnectionRow[],
): Promise<Tried['notRead']> {
  const asked = await fieldsAsked(db)
  return connections.flatMap(({ id, crm, title }) => {
    return objectsOf(policies, crm).flatMap((object) => {
      const known = asked.get(`${id}/${object}`)
      if (known === undefined) return []
      const fields = fieldsNeeded(policies, crm, object).fields.filter((field) => !known.includes(field))
      return fields.length === 0 ? [] : [{ connection: title, object, fields }]
    })
  })
}

type Counted = { cases: number; byClass: Partial<Record<ExceptionClass, number>>; examples: TriedExample[] }

/** Of one connection, so that one that ends meanwhile is left out whole. */
class Count {
  all = 0
  decided = 0
  inScope = 0
  settled = 0
  notKnown = 0
  readonly patterns = new Map<PatternName, Counted>()

  begin(all: number, decided: number): void {
    this.all += all
    this.decided += decided
  }

  add(record: CrmRecord, { inScope, exceptions, unknown }: Decision, scale: number): void {
    if (inScope) this.inScope += scale
    if (unknown !== null) this.notKnown += scale
    for (const { pattern, class: of, status, finding } of exceptions) {
      if (status !== 'open') {
        this.settled += scale
        continue
      }
      const known = this.patterns.get(pattern) ?? { cases: 0, byClass: {}, examples: [] }
      known.cases += scale
      known.byClass[of] = (known.byClass[of] ?? 0) + scale
      const { connectionId, objectType, recordId } = record
      if (known.examples.length < EXAMPLES_MAX) {
        known.examples.push({
          connectionId,
          objectType,
          recordId,
          name: recordTitle(record),
          class: of,
          says: finding.what,
        })
      }
      this.patterns.set(pattern, known)
    }
  }
}

function sumOf(counts: readonly Count[]): Pick<Tried, 'records' | 'isEstimate' | 'patterns' | 'settled' | 'notKnown'> {
  const sum = (of: (count: Count) => number) => Math.round(counts.reduce((total, count) => total + of(count), 0))
  const patterns = new Map<PatternName, Counted>()
  for (const [pattern, { cases, byClass, examples }] of counts.flatMap((count) => [...count.patterns])) {
    const known = patterns.get(pattern) ?? { cases: 0, byClass: {}, examples: [] }
    known.cases += cases
    for (const [of, n] of Object.entries(byClass) as [ExceptionClass, number][])
      known.byClass[of] = (known.byClass[of] ?? 0) + n
    known.examples = [...known.examples, ...examples].slice(0, EXAMPLES_MAX)
    patterns.set(pattern, known)
  }
  const [all, decided] = [sum((count) => count.all), sum((count) => count.decided)]
  return {
    records: { all, decided, inScope: sum((count) => count.inScope) },
    isEstimate: decided < all,
    settled: sum((count) => count.settled),
    notKnown: sum((count) => count.notKnown),
    patterns: [...patterns]
      .map(([pattern, { cases, byClass, examples }]) => ({
        pattern,
        label: findPattern(pattern)?.label ?? pattern,
        cases: Math.round(cases),
        byClass: Object.fromEntries(Object.entries(byClass).map(([of, n]) => [of, Math.round(n)])),
        examples,
      }))
      .sort((a, b) => b.cases - a.cases || a.pattern.localeCompare(b.pattern)),
  }
}
