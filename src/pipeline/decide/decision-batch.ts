import { knownDomain } from '../../model/matching/keys.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { knownValue } from '../../model/record/field-value.ts'
import { Unknown } from '../../model/record/knowledge.ts'
import type { Neighbours } from '../../model/record/neighbours.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { type OpenException, openExceptionsOf } from '../../store/decisions/exceptions.ts'
import { waitingForReading } from '../../store/decisions/held-records.ts'
import { type OwnerIntents, ownerIntentsOf } from '../../store/decisions/owner-intents.ts'
import { frozenWorkflows } from '../../store/decisions/policies.ts'
import type { DirtyRecord } from '../../store/records/dirty-records.ts'
import { type NeighbourQuery, readNeighbours } from '../../store/records/neighbours.ts'
import { caseKey, writeKey } from './plan-changes.ts'
import { type RunningWorkflow, workflowsFor } from './running-workflows.ts'

/** What a batch begins with: the records it took, and who and what decides on them. */
export type TakenBatch = {
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly dirty: readonly DirtyRecord[]
  readonly running: readonly RunningWorkflow[]
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
  readonly rechecks: Rechecks
  /** Workflows whose policy file cannot be read: what they decided stands until it can. */
  readonly frozen: ReadonlySet<string>
  /** By `writeKey`: patterns of open cases of class unknown. */
  readonly unknownsOf: ReadonlyMap<string, ReadonlySet<PatternName>>
  /** Since how long a record waits for something to be read, by `object/record`. Absent: it does not. */
  readonly waitingMs: ReadonlyMap<string, number>
}

export type WatchedRecord = {
  readonly record: DirtyRecord['record']
  readonly workflows: readonly RunningWorkflow[]
}

export type Rechecks = Map<string, number>

/** Loads the facts for a batch. Open exceptions are locked, so that only this batch changes them. */
export async function loadBatch(trx: DatabaseTransaction, taken: TakenBatch): Promise<DecisionBatch> {
  const { connection, dirty, running } = taken
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
  const frozen = await frozenWorkflows(trx)
  const open = await casesToDecide(trx, connection.id, refs, frozen)
  const ownerIntents = await ownerIntentsOf(trx, connection.id, refs)
  const waitingMs = await waitingForReading(trx, connection.id, refs)
  return {
    ...taken,
    watched,
    neighbours,
    open,
    ownerIntents,
    rechecks: new Map(),
    frozen,
    unknownsOf: unknownsOf(open),
    waitingMs,
  }
}

function unknownsOf(open: ReadonlyMap<string, OpenException>): Map<string, Set<PatternName>> {
  const unknowns = new Map<string, Set<PatternName>>()
  for (const exception of open.values()) {
    if (exception.class !== 'unknown') continue
    const key = writeKey(exception.workflow, exception)
    unknowns.set(key, (unknowns.get(key) ?? new Set()).add(exception.pattern as PatternName))
  }
  return unknowns
}

/** Leaves out the cases of workflows whose policy file cannot be read: they stay as they are until it can. */
async function casesToDecide(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  refs: readonly { readonly objectType: string; readonly recordId: string }[],
  frozen: ReadonlySet<string>,
): Promise<Map<string, OpenException>> {
  const open = new Map<string, OpenException>()
  for (const exception of await openExceptionsOf(trx, connectionId, refs)) {
    if (!frozen.has(exception.workflow)) open.set(caseKey(exception), exception)
  }
  return open
}

/** The earliest time that any decision on the record names counts. Null names none. */
export function scheduleRecheck(rechecks: Rechecks, key: string, atMs: number | null): void {
  if (atMs !== null) rechecks.set(key, Math.min(atMs, rechecks.get(key) ?? atMs))
}

/** What is known of the owner writes to a record; undefined: nothing that a decision must know. */
export function ownerIntentsTo(
  { ownerIntents }: Pick<DecisionBatch, 'ownerIntents'>,
  record: { readonly objectType: string; readonly recordId: string },
): OwnerIntents | undefined {
  return ownerIntents.get(`${record.objectType}/${record.recordId}`)
}

function neighbourQuery({ record, keys, accountId }: DirtyRecord): NeighbourQuery {
  const shape = objectShape(record.crm, record.objectType)!
  const { accountObject, dealObject } = crmProfile(record.crm)
  const named = shape.account === null ? null : knownValue(record, shape.account)
  const domain = shape.accountByDomain && named === null ? knownDomain(record) : null
  const reference = accountId === null ? null : { objectType: accountObject, recordId: accountId }
  const unknown = named instanceof Unknown ? named : domain instanceof Unknown ? domain : null
  return {
    record,
    keys,
    account: unknown ?? reference,
    accountKey:
      domain === null || domain instanceof Unknown ? null : { objectType: accountObject, key: `domain:${domain}` },
    isAccount: shape.about === 'account',
    dealObject,
  }
}
