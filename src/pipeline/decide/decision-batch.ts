import type { WakeReason } from '../../model/decision/wake-up.ts'
import { knownDomain } from '../../model/matching/keys.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import { asWritten, type WrittenOwner } from '../../model/record/as-written.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { knownValue } from '../../model/record/field-value.ts'
import { Unknown } from '../../model/record/knowledge.ts'
import type { Neighbours } from '../../model/record/neighbours.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { readEvidenceSecret } from '../../store/decisions/evidence-secret.ts'
import { type OpenException, openExceptionsOf } from '../../store/decisions/exceptions.ts'
import { type HeldMs, heldMs } from '../../store/decisions/held-records.ts'
import { frozenWorkflows } from '../../store/decisions/policies.ts'
import type { DirtyRecord } from '../../store/records/dirty-records.ts'
import { readNeighbours } from '../../store/records/neighbours.ts'
import type { NeighbourQuery } from '../../store/records/record-accounts.ts'
import { lastObserved } from '../../store/records/record-versions.ts'
import { type OpenUpgrade, openUpgrade } from '../../store/upgrades/upgrades.ts'
import { type OwnerIntents, ownerIntentsOf, plannedOwners } from '../../store/writes/owner-intents.ts'
import { ownWritesOf } from '../../store/writes/owner-moves.ts'
import { caseKey, writeKey } from './decision-keys.ts'
import { type RecordLoop, recordLoop } from './owner-loops.ts'
import { type RunningWorkflow, workflowsFor } from './running-workflows.ts'

/** What a batch begins with: the records it took, and who and what decides on them. */
export type TakenBatch = {
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly dirty: readonly DirtyRecord[]
  readonly running: readonly RunningWorkflow[]
  /** Workflows that have not begun in this connection, and the number of their version. */
  readonly waiting: ReadonlyMap<string, number>
  readonly directory: CountingDirectory
  readonly nowMs: number
}

/** A batch with every fact that its decisions need, read in the transaction that saves them. */
export type DecisionBatch = TakenBatch & {
  readonly watched: readonly WatchedRecord[]
  readonly neighbours: ReadonlyMap<string, Neighbours>
  /** Open cases that this batch may change, by `caseKey`. */
  readonly open: ReadonlyMap<string, OpenException>
  /** By `object/record`. */
  readonly ownerIntents: ReadonlyMap<string, OwnerIntents>
  /** By `refKey`, when and why each record is decided again although nothing happens to it. */
  readonly wakeUps: WakeUps
  /** By `refKey`: whether the record changed since its last decision, and which versions it agrees with. */
  readonly standing: ReadonlyMap<string, Pick<DirtyRecord, 'touched' | 'inStepWith'>>
  /** Workflows that wait here, or whose policy file cannot be read: what they decided stands until they run. */
  readonly frozen: ReadonlySet<string>
  /** By `writeKey`: patterns of open cases of class unknown. */
  readonly unknownsOf: ReadonlyMap<string, ReadonlySet<PatternName>>
  /** Since how long what holds a record. Absent: nothing did before this decision. */
  readonly heldMs: HeldMs
  /** By `object/record`: sides that change its owner in turn. */
  readonly loops: ReadonlyMap<string, RecordLoop>
  /** By `refKey`: owners of neighbors that are about to be written. What is decided in this batch is added. */
  readonly planned: Map<string, WrittenOwner>
  readonly evidenceSecret: Buffer
  /** The last change of what is not a record that this batch can know, see the table observed. */
  readonly observed: number
  /** Null: no upgrade has a report to make about this connection. */
  readonly upgrade: OpenUpgrade | null
}

export type WatchedRecord = {
  readonly record: DirtyRecord['record']
  readonly workflows: readonly RunningWorkflow[]
}

/** Per record the earliest time of each reason of each workflow, by `workflow\nreason`. */
export type WakeUps = Map<string, Map<string, number>>

/** The reasons of the pipeline itself, besides those that the model names: see `wakeText`. */
export type LaterReason = WakeReason | 'pilot-cap' | 'other-write' | 'refused' | 'reading' | 'failed'

/** Loads the facts for a batch. Open exceptions are locked, so that only this batch changes them. */
export async function loadBatch(trx: DatabaseTransaction, taken: TakenBatch): Promise<DecisionBatch> {
  const { connection, dirty, running, waiting } = taken
  // First: what is seen after this may be newer, and is then numbered as older than it is, never the other way.
  const observed = await lastObserved(trx)
  const watched: WatchedRecord[] = []
  const queries: NeighbourQuery[] = []
  for (const one of dirty) {
    const workflows = workflowsFor(running, one.record.crm, one.record.objectType)
    if (workflows.length === 0) continue
    watched.push({ record: one.record, workflows })
    queries.push(neighbourQuery(one))
  }
  const neighbours = await readNeighbours(trx, connection.id, queries)
  // Records without a workflow count too: the cases that a retired workflow left open are closed here.
  const refs = dirty.map(({ record }) => ({ objectType: record.objectType, recordId: record.recordId }))
  const frozen = new Set([...(await frozenWorkflows(trx)), ...waiting.keys()])
  const allOpen = await openExceptionsOf(trx, connection.id, refs)
  const open = casesToDecide(allOpen, frozen)
  const ownerIntents = await ownerIntentsOf(trx, connection.id, refs)
  return {
    ...taken,
    watched: watched.map((one) => withUnheardWrites(one, ownerIntents)),
    neighbours,
    open,
    ownerIntents,
    wakeUps: new Map(),
    standing: new Map(dirty.map((one) => [refKey(one.record), one])),
    frozen,
    unknownsOf: unknownsOf(open),
    heldMs: await heldMs(trx, connection.id, refs),
    loops: await loopsOf(trx, connection.id, watched, { allOpen, frozen }),
    planned: await plannedOwners(trx, uniqueNeighbours(neighbours)),
    evidenceSecret: await readEvidenceSecret(trx),
    observed,
    upgrade: await openUpgrade(trx, connection.id),
  }
}

/** Those whose owners a decision may compare with. */
function uniqueNeighbours(all: ReadonlyMap<string, Neighbours>): CrmRecord[] {
  return [...new Map([...all.values()].flatMap(comparedWith).map((record) => [refKey(record), record])).values()]
}

/** The account, and what may be the same person or account. */
export function comparedWith({ account, accountCandidates = [], matches }: Neighbours): CrmRecord[] {
  const known = account === null || account instanceof Unknown ? [] : [account]
  return [...known, ...accountCandidates, ...matches.map(({ record }) => record)]
}

/**
 * Our copy of a record may be some seconds behind a write that the CRM has confirmed. What is decided until then is
 * decided on the record as we wrote it: on the old owner, a rule would seem to want what it already has.
 */
function withUnheardWrites(watched: WatchedRecord, ownerIntents: DecisionBatch['ownerIntents']): WatchedRecord {
  const unheard = ownerIntentsTo({ ownerIntents }, watched.record)?.unheard
  // Nearly always there is none, and this is asked of every record.
  if (unheard === undefined || unheard.size === 0) return watched
  return { ...watched, record: [...unheard.values()].reduce(asWritten, watched.record) }
}

async function loopsOf(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  watched: readonly WatchedRecord[],
  { allOpen, frozen }: { readonly allOpen: readonly OpenException[]; readonly frozen: ReadonlySet<string> },
): Promise<Map<string, RecordLoop>> {
  const holding = Map.groupBy(
    allOpen.filter(({ holdsField }) => holdsField !== null),
    ({ objectType, recordId }) => `${objectType}/${recordId}`,
  )
  const written = await ownWritesOf(
    trx,
    connectionId,
    watched.map(({ record }) => record),
  )
  const loops = new Map<string, RecordLoop>()
  for (const { record, workflows } of watched) {
    const key = `${record.objectType}/${record.recordId}`
    const loop = recordLoop({ writes: written.get(key) ?? [], workflows, open: holding.get(key) ?? [], frozen })
    if (loop !== null) loops.set(key, loop)
  }
  return loops
}

function unknownsOf(open: ReadonlyMap<string, OpenException>): Map<string, Set<PatternName>> {
  const unknowns = new Map<string, Set<PatternName>>()
  for (const exception of open.values()) {
    // A loop is found again from the write log, whatever time has passed (`owner-loops.ts`).
    if (exception.class !== 'unknown' || exception.holdsField !== null) continue
    const key = writeKey(exception.workflow, exception)
    unknowns.set(key, (unknowns.get(key) ?? new Set()).add(exception.pattern as PatternName))
  }
  return unknowns
}

/** Leaves out the cases of workflows that wait, or whose policy file cannot be read: they stay as they are. */
function casesToDecide(all: readonly OpenException[], frozen: ReadonlySet<string>): Map<string, OpenException> {
  const open = new Map<string, OpenException>()
  for (const exception of all) {
    if (!frozen.has(exception.workflow)) open.set(caseKey(exception), exception)
  }
  return open
}

/** Notes that the workflow decides the record again then. Of one reason the earliest time counts. */
export function wakeLater(
  { wakeUps }: Pick<DecisionBatch, 'wakeUps'>,
  record: CrmRecord,
  workflow: string,
  reason: LaterReason,
  atMs: number,
): void {
  const key = refKey(record)
  const ofRecord = wakeUps.get(key) ?? new Map<string, number>()
  wakeUps.set(key, ofRecord)
  const of = `${workflow}\n${reason}`
  ofRecord.set(of, Math.min(atMs, ofRecord.get(of) ?? atMs))
}

/** What is known of the owner writes to a record; undefined: nothing that a decision must know. */
export function ownerIntentsTo(
  { ownerIntents }: Pick<DecisionBatch, 'ownerIntents'>,
  record: { readonly objectType: string; readonly recordId: string },
): OwnerIntents | undefined {
  return ownerIntents.get(`${record.objectType}/${record.recordId}`)
}

/** What `decide` may look at beside a record. */
export function neighbourQuery({
  record,
  keys,
  accountId,
}: Pick<DirtyRecord, 'record' | 'keys' | 'accountId'>): NeighbourQuery {
  const shape = objectShape(record.crm, record.objectType)!
  const { accountObject, dealObject } = crmProfile(record.crm)
  const named = shape.account === null ? null : knownValue(record, shape.account)
  const ofRecord = knownDomain(record)
  const domain = shape.accountByDomain && named === null ? ofRecord : null
  const reference = accountId === null ? null : { objectType: accountObject, recordId: accountId }
  const unknown = named instanceof Unknown ? named : domain instanceof Unknown ? domain : null
  return {
    record,
    keys,
    account: unknown ?? reference,
    accountKey:
      domain === null || domain instanceof Unknown ? null : { objectType: accountObject, key: `domain:${domain}` },
    domain: ofRecord,
    isAccount: shape.about === 'account',
    dealObject,
  }
}
