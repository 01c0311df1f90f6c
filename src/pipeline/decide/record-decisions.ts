import type { DecidedException } from '../../model/decision/decided-exception.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { setReceipts } from '../../store/decisions/exceptions.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { setIntentReceipts } from '../../store/writes/intents.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { GrantedWrites } from './grant-owner-writes.ts'
import {
  type DecidedRecord,
  type FreshCase,
  type KeptCase,
  keyOf,
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
  { connection, nowMs }: DecisionBatch,
  { results, granted }: GrantedWrites,
  { fresh, ids, changed, settled, resolved }: SavedCases,
): Promise<number[]> {
  const at = new Date(nowMs)
  const lines: ReceiptedEntry[] = [
    ...fresh.map(({ record, workflow, exception }, n) => {
      const kind = exception.status === 'open' ? 'exception-opened' : 'exception-settled'
      return exceptionEntry(at, kind, record, workflow, exception, ids[n]!)
    }),
    ...changed.map(({ record, workflow, exception, existing }) =>
      exceptionEntry(at, 'exception-changed', record, workflow, exception, existing.id),
    ),
    ...settled.map(({ record, workflow, exception, existing }) =>
      exceptionEntry(at, 'exception-settled', record, workflow, exception, existing.id),
    ),
    ...resolved.map((gone) => ({ entry: resolvedEntry(at, connection.id, gone) })),
    ...results.flatMap((result) => {
      const intentId = granted.get(keyOf(result))
      return intentId === undefined ? [] : [writeEntry(at, result, intentId)]
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

function exceptionEntry(
  at: Date,
  kind: string,
  subject: CrmRecord,
  workflow: RunningWorkflow,
  exception: DecidedException,
  exceptionId: number,
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
  })
  const actor = exception.settledByRule === null ? 'lanekeeper' : `rule:${exception.settledByRule}`
  return { entry: { at, kind, actor, subject: refKey(subject), body }, exceptionId }
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

function writeEntry(at: Date, { record, workflow, decision }: DecidedRecord, intentId: number): ReceiptedEntry {
  const { receipt, ...write } = decision.write!
  const body = canonicalJson({ intent: intentId, workflow: workflow.version.policy.workflow, write, receipt })
  return { entry: { at, kind: 'rule-decided', actor: `rule:${write.rule}`, subject: refKey(record), body }, intentId }
}
