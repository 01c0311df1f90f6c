import type { RunGate } from '../../connections/write-gate.ts'
import { CrmBusyError, CrmNotSentError, CrmReconnectError, type ItemOutcome } from '../../crm/crm-client.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { LedgerEntry } from '../../store/ledger/ledger.ts'
import type { ClaimedIntent, IntentResult } from '../../store/writes/intents.ts'
import { type NotSent, notSentText } from '../../store/writes/not-sent.ts'
import type { PlannedWrite } from './intent-plan.ts'

/** A task that was deleted in the CRM comes back at the earliest after this, if its case is still open. */
const GONE_COOL_DOWN_MS = 15 * 60_000

/** Each item's own outcome, found by key: a CRM answers in any order, and sometimes leaves items out. */
export function matchOutcomes(
  sent: readonly PlannedWrite<ClaimedIntent>[],
  outcomes: readonly ItemOutcome[],
  gate: RunGate,
  nowMs: number,
): IntentResult[] {
  const byKey = new Map(outcomes.map((outcome) => [outcome.key, outcome]))
  return sent.map((item) => {
    const outcome = byKey.get(item.key)
    if (outcome) return resultOf(item, outcome, gate, nowMs)
    // An item that the answer does not mention may have been written.
    if (gate.attempts(item.key).length > 0) return unknown(item.intent, 'The answer did not mention this item')
    return later(item.intent, 'It was not sent', backoffMs(item.intent))
  })
}

function resultOf(
  { intent, key, closes, isRecordDeleted }: PlannedWrite<ClaimedIntent>,
  outcome: ItemOutcome,
  gate: RunGate,
  nowMs: number,
): IntentResult {
  switch (outcome.outcome) {
    case 'done':
      return {
        ...finished(intent, 'done', outcome.notHung === undefined ? null : notHungText(outcome.notHung), outcome.id),
        ...(outcome.notHung !== undefined && { notHung: outcome.notHung }),
        ...(outcome.unlinked === true && { unlinked: true }),
      }
    case 'refused':
      return refused(intent, `${outcome.code}: ${outcome.why}`)
    case 'gone':
      if (intent.kind === 'owner') return { ...finished(intent, 'cancelled', outcome.why), gone: true }
      if (intent.kind === 'link') return finished(intent, 'cancelled', outcome.why)
      // A task that was to be closed is gone together with its record: nothing is left to close.
      if (closes) return { ...finished(intent, 'done', outcome.why), gone: true }
      if (isRecordDeleted === true) {
        return { ...later(intent, 'The CRM deleted the task together with the record that it was on', 0), gone: true }
      }
      return { ...later(intent, 'The task was deleted in the CRM', GONE_COOL_DOWN_MS), gone: true }
    case 'retry':
      return later(intent, outcome.why, outcome.retryAtMs === null ? backoffMs(intent) : outcome.retryAtMs - nowMs)
    case 'unknown':
      return unknown(intent, outcome.why)
    case 'withheld':
      return withheld(intent, gate.refusal(key) ?? 'overtaken')
  }
}

function notHungText(why: string): string {
  return `Written without its record, which the CRM did not take: ${why}`
}

/**
 * The call failed as a whole: what that means for each of its items. What the gate let into no request was not sent,
 * whatever the error; the answers "busy" and "reconnect" come before a CRM does anything.
 */
export function failAll(
  intents: readonly ClaimedIntent[],
  error: unknown,
  facts: { readonly mayBeSent: (intent: ClaimedIntent) => boolean; readonly nowMs: number },
): IntentResult[] {
  const why = error instanceof Error ? error.message : String(error)
  return intents.map((intent) => {
    const waitMs = error instanceof CrmBusyError ? error.retryAtMs - facts.nowMs : backoffMs(intent)
    const isProof =
      error instanceof CrmBusyError || error instanceof CrmReconnectError || error instanceof CrmNotSentError
    const isCertain = isProof || !facts.mayBeSent(intent)
    // An earlier call may have written it: that stays uncertain until a read-back finds out.
    if (isCertain && !intent.readBack) return later(intent, why, waitMs)
    return { ...unknown(intent, why), retryInMs: waitMs }
  })
}

export function finished(
  intent: ClaimedIntent,
  state: 'done' | 'refused' | 'cancelled',
  outcome: string | null,
  crmId: string | null = null,
): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state, outcome, crmId, retryInMs: null }
}

export function later(intent: ClaimedIntent, outcome: string, inMs: number): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state: 'pending', outcome, crmId: null, retryInMs: inMs }
}

/**
 * Claimed and not sent: the gate kept it back. A task waits until it may be sent. An owner write is decided again, because
 * what kept it back is a reason to decide otherwise; where another process took it over, that one's result counts.
 */
export function withheld(intent: ClaimedIntent, reason: NotSent): IntentResult {
  const why = notSentText(reason)
  const isForAnother = reason === 'overtaken'
  if (intent.kind === 'owner' && !isForAnother) return { ...finished(intent, 'cancelled', why), notSent: reason }
  const waits = intent.readBack ? unknown(intent, why) : later(intent, why, backoffMs(intent))
  return isForAnother ? waits : { ...waits, notSent: reason }
}

/** A refused task is tried again after 1 h, 2 h, 4 h ... a day: the CRM sends no event when an admin changes its rules. */
const REFUSED_AGAIN_MS = { first: 3_600_000, largest: 86_400_000 }

/**
 * A refused owner write becomes a case of its own (pattern write-refused), so it ends here. A link that is refused is one
 * to a record that is gone, and an extra task that may not be closed stays a notice. A refused task would leave its case
 * without an owner in the CRM, so it is tried again, and is counted.
 */
function refused(intent: ClaimedIntent, why: string): IntentResult {
  if (intent.kind !== 'task' && intent.kind !== 'job') return finished(intent, 'refused', why)
  const pauseMs = Math.min(REFUSED_AGAIN_MS.first * 2 ** Math.min(intent.attempts - 1, 5), REFUSED_AGAIN_MS.largest)
  return { ...later(intent, why, pauseMs), refused: true }
}

export function unknown(intent: ClaimedIntent, outcome: string): IntentResult {
  return {
    id: intent.id,
    leaseEpoch: intent.leaseEpoch,
    state: 'unknown',
    outcome,
    crmId: null,
    retryInMs: backoffMs(intent),
  }
}

/** 1 s, 2 s, 4 s ... 5 min, counted by the database's clock. The CRM's own Retry-After takes precedence. */
export function backoffMs({ attempts }: Pick<ClaimedIntent, 'attempts'>): number {
  return Math.min(1_000 * 2 ** Math.min(attempts - 1, 9), 300_000)
}

/** Worth a line in the ledger: the CRM did something, refused, or may have done something. */
export function isFinal(result: IntentResult): boolean {
  return result.refused === true || result.state !== 'pending'
}

export function ledgerEntry(intent: ClaimedIntent, result: IntentResult, subject: string, nowMs: number): LedgerEntry {
  return {
    at: new Date(nowMs),
    kind: `${intent.kind}-write-${result.refused ? 'refused' : result.state}`,
    actor: 'lanekeeper',
    subject: `${intent.connectionId}/${subject}`,
    body: canonicalJson({
      intent: intent.id,
      workflow: intent.workflow,
      policy: intent.policyHash,
      decidedIn: intent.receiptSeq,
      task: intent.taskId,
      ...(intent.kind === 'owner' ? { write: intent.payload } : {}),
      attempt: intent.attempts,
      outcome: result.outcome,
      crmId: result.crmId,
    }),
  }
}
