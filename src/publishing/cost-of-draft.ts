import { decide } from '../model/decision/decide.ts'
import type { Decision } from '../model/decision/decision.ts'
import { fieldsNeeded } from '../model/patterns/contract/fields-needed.ts'
import { buildDirectory } from '../model/people/directory.ts'
import type { Policy, PolicyVersion } from '../model/policy/policy.ts'
import { refKey } from '../model/record/crm-record.ts'
import type { Directory } from '../model/record/crm-user.ts'
import { objectShape, watchedObjects } from '../model/record/object-shape.ts'
import { neighbourQuery } from '../pipeline/decide/decision-batch.ts'
import { type ConnectionRow, listConnections } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { openTaskCounts } from '../store/decisions/open-tasks.ts'
import { listUsers } from '../store/decisions/people.ts'
import { recordsChangedPerDay, sampleRecords } from '../store/decisions/sample-records.ts'
import type { Draft } from '../store/publishing/drafts.ts'
import { readNeighbours } from '../store/records/neighbours.ts'
import { policiesWith, policyWith, readInForce, workflowOf } from './documents.ts'
import { withNotRead } from './not-read.ts'
import { objectsOf } from './objects-of.ts'

/** Per object. A thousand are decided in about a second, twice: under what is in force and under the draft. */
const SAMPLE_MAX = 1_000

export type OwnerChange = { readonly from: string; readonly to: string; readonly records: number }

/** What a draft would cost, worked out on present records without writing anything. */
export type DraftCost = {
  /** Fields that are not read today, by CRM and object. */
  readonly fields: readonly {
    readonly connection: string
    readonly object: string
    readonly fields: readonly string[]
  }[]
  /** Objects whose owner a rule would write for the first time: the connection needs the permission. */
  readonly ownerWrites: readonly { readonly connection: string; readonly object: string }[]
  /** Connections whose events name fields one by one: new ones are polled until an admin adds them. */
  readonly subscriptions: readonly { readonly connection: string; readonly fields: number }[]
  readonly records: {
    readonly all: number
    readonly decided: number
    readonly inScopeBefore: number
    readonly inScopeAfter: number
    /** Cases that would be open, were every record decided now. */
    readonly casesBefore: number
    readonly casesAfter: number
  }
  /** M66: the draft matches more of the present records. */
  readonly isWider: boolean
  /** What rules would write now and do not under what is in force. Records that do not change wait for the backlog. */
  readonly ownerChanges: readonly OwnerChange[]
  /** By person: cases a day, were records to change as often as in the last seven days. */
  readonly tasksPerDay: readonly { readonly email: string; readonly before: number; readonly after: number }[]
  /** Not every record was decided: figures are scaled from a sample. */
  readonly isEstimate: boolean
}

/** M41, M66: what publishing this draft would mean. Reads our own copy, decides twice, saves nothing. */
export async function costOfDraft(db: Database, draft: Draft): Promise<DraftCost> {
  const inForce = await readInForce(db)
  const after = policiesWith(inForce, draft)
  const names = new Set(after.map(({ workflow }) => workflow))
  const before = [...inForce.documents.values()]
    .filter(({ document }) => names.has(workflowOf(document) ?? ''))
    .map((one) => policyWith(inForce, one))
  const others = [...inForce.documents.values()]
    .filter(({ document }) => workflowOf(document) !== null && !names.has(workflowOf(document)!))
    .map((one) => policyWith(inForce, one))
  const connections = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
  const needs = needsOf(connections, [...others, ...before], [...others, ...after])
  const counts = new Counts()
  const nowMs = await databaseNowMs(db)
  const directory = buildDirectory(await listUsers(db), await openTaskCounts(db))
  for (const connection of connections) {
    for (const object of objectsOf([...before, ...after], connection.crm)) {
      await countObject(db, counts, { connection, object, before, after, directory, nowMs })
    }
  }
  return { ...needs, ...counts.sum() }
}

type Needs = Pick<DraftCost, 'fields' | 'ownerWrites' | 'subscriptions'>

function needsOf(connections: readonly ConnectionRow[], before: readonly Policy[], after: readonly Policy[]): Needs {
  const fields: DraftCost['fields'][number][] = []
  const ownerWrites: DraftCost['ownerWrites'][number][] = []
  for (const { crm, title } of connections) {
    for (const object of watchedObjects(crm)) {
      const known = new Set(fieldsNeeded(before, crm, object).fields)
      const more = fieldsNeeded(after, crm, object).fields.filter((field) => !known.has(field))
      // Before the first policy of all, everything of the object's shape is new, and was read at the import.
      if (more.length > 0 && before.length > 0) fields.push({ connection: title, object, fields: more })
      if (objectShape(crm, object)?.about === 'task') continue
      if (writesOwner(after, crm, object) && !writesOwner(before, crm, object)) {
        ownerWrites.push({ connection: title, object })
      }
    }
  }
  const subscriptions = connections
    .filter(({ feed }) => feed === 'push')
    .map(({ title }) => {
      const mine = fields.filter(({ connection }) => connection === title)
      return { connection: title, fields: mine.reduce((sum, one) => sum + one.fields.length, 0) }
    })
    .filter((one) => one.fields > 0)
  return { fields, ownerWrites, subscriptions }
}

function writesOwner(policies: readonly Policy[], crm: string, object: string): boolean {
  return policies.some(
    ({ objects, boundary }) =>
      objects.some((ref) => ref.crm === crm && ref.object === object) && boundary.some(({ mode }) => mode === 'rules'),
  )
}

type Counted = {
  readonly connection: ConnectionRow
  readonly object: string
  readonly before: readonly Policy[]
  readonly after: readonly Policy[]
  readonly directory: Directory
  readonly nowMs: number
}

async function countObject(db: Database, counts: Counts, of: Counted): Promise<void> {
  const { connection, object, before, after, directory, nowMs } = of
  const { records, of: all } = await sampleRecords(db, connection.id, object, SAMPLE_MAX)
  if (records.length === 0) return
  const perDay = await recordsChangedPerDay(db, connection.id, object)
  const scale = { toAll: all / records.length, toDay: perDay / records.length }
  counts.begin(all, records.length)
  const neighbours = await readNeighbours(db, connection.id, records.map(neighbourQuery))
  const versions = (policies: readonly Policy[]): PolicyVersion[] =>
    policies
      .filter(({ objects }) => objects.some((ref) => ref.crm === connection.crm && ref.object === object))
      // Whatever mode it is in: what is asked is what its rules say.
      .map((policy) => ({ hash: policy.workflow, policy: { ...policy, mode: 'live' } }))
  const [old, now] = [versions(before), versions(after)]
  const { fields } = fieldsNeeded([...before, ...after], connection.crm, object)
  for (const { record } of records) {
    const input = { record: withNotRead(record, fields), neighbours: neighbours.get(refKey(record))!, directory, nowMs }
    const decided = (version: PolicyVersion) => decide({ ...input, version })
    const owner = record.values[objectShape(record.crm, object)!.owner] ?? null
    const from = owner === null ? null : directory.user(record.connectionId, owner)
    counts.add(
      old.map(decided),
      now.map(decided),
      scale,
      from?.name ?? (owner === null ? 'nobody' : 'somebody unknown'),
    )
  }
}

/** Sums of what was decided, scaled to all records. */
class Counts {
  #all = 0
  #decided = 0
  #scope = [0, 0]
  #cases = [0, 0]
  readonly #owners = new Map<string, OwnerChange>()
  readonly #tasks = new Map<string, { before: number; after: number }>()

  begin(all: number, decided: number): void {
    this.#all += all
    this.#decided += decided
  }

  add(
    before: readonly Decision[],
    after: readonly Decision[],
    { toAll, toDay }: { readonly toAll: number; readonly toDay: number },
    from: string,
  ): void {
    for (const [i, decisions] of [before, after].entries()) {
      if (decisions.some(({ inScope }) => inScope)) this.#scope[i]! += toAll
      for (const { owner, status } of decisions.flatMap(({ exceptions }) => exceptions)) {
        if (status !== 'open') continue
        this.#cases[i]! += toAll
        const tasks = this.#tasks.get(owner) ?? { before: 0, after: 0 }
        tasks[i === 0 ? 'before' : 'after'] += toDay
        this.#tasks.set(owner, tasks)
      }
    }
    const old = new Set(before.flatMap(({ write }) => write?.toEmail ?? []))
    for (const { write } of after) {
      if (write === null || old.has(write.toEmail)) continue
      const key = `${from}\n${write.toEmail}`
      const known = this.#owners.get(key) ?? { from, to: write.toEmail, records: 0 }
      this.#owners.set(key, { ...known, records: known.records + toAll })
    }
  }

  sum(): Omit<DraftCost, keyof Needs> {
    const round = (n: number) => Math.round(n)
    const perDay = (n: number) => Math.round(n * 10) / 10
    return {
      records: {
        all: this.#all,
        decided: this.#decided,
        inScopeBefore: round(this.#scope[0]!),
        inScopeAfter: round(this.#scope[1]!),
        casesBefore: round(this.#cases[0]!),
        casesAfter: round(this.#cases[1]!),
      },
      isWider: this.#scope[1]! > this.#scope[0]!,
      ownerChanges: [...this.#owners.values()]
        .map((one) => ({ ...one, records: round(one.records) }))
        .sort((a, b) => b.records - a.records)
        .slice(0, 20),
      tasksPerDay: [...this.#tasks]
        .map(([email, { before, after }]) => ({ email, before: perDay(before), after: perDay(after) }))
        .filter(({ before, after }) => before !== after)
        .sort((a, b) => b.after - b.before - (a.after - a.before))
        .slice(0, 20),
      isEstimate: this.#decided < this.#all,
    }
  }
}
