import type { DecidedException } from '../../model/decision/decided-exception.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { setReceipts } from '../../store/decisions/exceptions.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { setIntentReceipts } from '../../store/writes/intents.ts'
import { basisOf, type DecisionBasis } from './decision-basis.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { GrantedWrites } from './grant-owner-writes.ts'
import {
  type DecidedRecord,
  type FreshCase,
  type KeptCase,
  keyOf,
  type PlannedCase,
  type ResolvedCase,
  type SettledCase,
} from './plan-changes.ts'
import type { RunningWorkflow } from './running-workflows.ts'

/** The cases of a batch as they were saved, each with the owner of its task. */
export type SavedCases = {
  readonly fresh: readonly FreshCase[]
  /** The ids of the fresh ones, in their order. They are not written yet. */
  readonly ids: readonly number[]
  readonly changed: readonly KeptCase[]
  readonly settled: readonly SettledCase[]
  readonly resolved: readonly ResolvedCase[]
}

/** An entry, and the exception or the intent that keeps its number as a receipt. */
type ReceiptedEntry = { readonly entry: LedgerEntry; readonly exceptionId?: number; readonly intentId?: number }

/**
 * Appends the decisions of a batch to the ledger and gives each known exception and each intent its receipt. Returns the
 * receipts of the fresh ones, in their order.
 */
export async function recordDecisions(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  { results, granted }: GrantedWrites,
  { fresh, ids, changed, settled, resolved }: SavedCases,
): Promise<number[]> {
  const { connection, nowMs } = batch
  const at = new Date(nowMs)
  const entryOf = (kind: string, { record, workflow, exception }: PlannedCase, id: number) =>
    exceptionEntry({ at, kind, record, exceptionId: id }, workflow, exception, basisOf(batch, record, workflow))
  const lines: ReceiptedEntry[] = [
    ...fresh.map((one, n) =>
      entryOf(one.exception.status === 'open' ? 'exception-opened' : 'exception-settled', one, ids[n]!),
    ),
    ...changed.map((one) => entryOf('exception-changed', one, one.existing.id)),
    ...settled.map((one) => entryOf('exception-settled', one, one.existing.id)),
    ...resolved.map((gone) => ({ entry: resolvedEntry(at, connection.id, gone) })),
    ...results.flatMap((result) => {
      const intentId = granted.get(keyOf(result))
      return intentId === undefined
        ? []
        : [writeEntry(at, result, intentId, basisOf(batch, result.record, result.workflow))]
    }),
  ]
  const seqs = await appendLedger(
    trx,
    lines.map(({ entry }) => entry),
  )
  await setReceipts(
    trx,
    lines.flatMap(({ exceptionId: id }, n) => (id === undefined || n < fresh.length ? [] : [{ id, seq: seqs[n]! }])),
  )
  await setIntentReceipts(
    trx,
    lines.flatMap(({ intentId: id }, n) => (id === undefined ? [] : [{ id, seq: seqs[n]! }])),
  )
  // Their entries come first.
  return seqs.slice(0, fresh.length)
}

type EntryOf = {
  readonly at: Date
  readonly kind: string
  readonly record: CrmRecord
  readonly exceptionId: number
}

function exceptionEntry(
  { at, kind, record, exceptionId }: EntryOf,
  workflow: RunningWorkflow,
  exception: DecidedException,
  basis: DecisionBasis,
): ReceiptedEntry {
  const body = canonicalJson({
    exception: exceptionId,
    workflow: workflow.version.policy.workflow,
    pattern: exception.pattern,
    class: exception.class,
    classBecause: exception.classBecause,
    posture: exception.posture,
    owner: exception.owner,
    passedOver: exception.passedOver,
    what: exception.finding.what,
    evidence: exception.finding.evidence,
    involves: exception.finding.involves,
    receipt: exception.receipt,
    // Absent where none was needed. Who made it and until when it stands is in its row, which is kept.
    mark: exception.mark?.id,
    basis,
  })
  const actor = exception.settledByRule === null ? 'lanekeeper' : `rule:${exception.settledByRule}`
  return { entry: { at, kind, actor, subject: refKey(record), body }, exceptionId }
}

function resolvedEntry(at: Date, connectionId: string, gone: ResolvedCase): LedgerEntry {
  return {
    at,
    kind: 'exception-resolved',
    actor: 'lanekeeper',
    subject: `${connectionId}/${gone.objectType}/${gone.recordId}`,
    body: canonicalJson({
      exception: gone.id,
      workflow: gone.workflow,
      pattern: gone.pattern,
      resolution: gone.resolution,
      policy: gone.policyHash,
    }),
  }
}

function writeEntry(
  at: Date,
  { record, workflow, decision }: DecidedRecord,
  intentId: number,
  basis: DecisionBasis,
): ReceiptedEntry {
  const { receipt, ...write } = decision.write!
  const body = canonicalJson({ intent: intentId, workflow: workflow.version.policy.workflow, write, receipt, basis })
  return { entry: { at, kind: 'rule-decided', actor: `rule:${write.rule}`, subject: refKey(record), body }, intentId }
}
