import { CrmBusyError, CrmReconnectError, CrmRefusedError, type ItemOutcome } from '../../crm/crm-client.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ClaimedIntent, IntentResult } from '../../store/decisions/intents.ts'
import type { LedgerEntry } from '../../store/ledger/ledger.ts'
import type { PlannedWrite } from './intent-plan.ts'

/** A task that was deleted in the CRM comes back at the earliest after this, if its case is still open. */
const GONE_COOL_DOWN_MS = 15 * 60_000

/** Each item's own outcome, found by key: a CRM answers in any order, and sometimes leaves items out. */
export function matchOutcomes(
  sent: readonly PlannedWrite<ClaimedIntent>[],
  outcomes: readonly ItemOutcome[],
  nowMs: number,
): IntentResult[] {
  const byKey = new Map(outcomes.map((outcome) => [outcome.key, outcome]))
  return sent.map((item) => {
    const outcome = byKey.get(item.key)
    // An item that the answer does not mention may have been written.
    return outcome
      ? resultOf(item, outcome, nowMs)
      : unknown(item.intent, 'The answer did not mention this item', nowMs)
  })
}

function resultOf({ intent, closes }: PlannedWrite<ClaimedIntent>, outcome: ItemOutcome, nowMs: number): IntentResult {
  switch (outcome.outcome) {
    case 'done':
      return finished(intent, 'done', null, outcome.id)
    case 'refused':
      return refused(intent, `${outcome.code}: ${outcome.why}`, nowMs)
    case 'gone':
      if (intent.kind === 'owner') return finished(intent, 'cancelled', outcome.why)
      // A task that was to be closed is gone together with its record: nothing is left to close.
      if (closes) return finished(intent, 'done', outcome.why)
      return { ...later(intent, 'The task was deleted in the CRM', nowMs + GONE_COOL_DOWN_MS), gone: true }
    case 'retry':
      return later(intent, outcome.why, outcome.retryAtMs ?? nowMs + backoffMs(intent.attempts))
    case 'unknown':
      return unknown(intent, outcome.why, nowMs)
  }
}

/** The whole call failed: what that means for each of its items. */
export function failAll(
  intents: readonly ClaimedIntent[],
  error: unknown,
  nothingSent: boolean,
  nowMs: number,
): IntentResult[] {
  const why = error instanceof Error ? error.message : String(error)
  return intents.map((intent) => {
    // An earlier call may have written it: that stays uncertain until a read-back finds out.
    const wait = error instanceof CrmBusyError ? error.retryAtMs : nowMs + backoffMs(intent.attempts)
    if (error instanceof CrmRefusedError && !nothingSent) return refused(intent, `${error.code}: ${why}`, nowMs)
    const certain = nothingSent || error instanceof CrmBusyError || error instanceof CrmReconnectError
    if (certain && !intent.readBack) return later(intent, why, wait)
    return { ...unknown(intent, why, nowMs), nextAttemptAtMs: wait }
  })
}

export function finished(
  intent: ClaimedIntent,
  state: 'done' | 'refused' | 'cancelled',
  outcome: string | null,
  crmId: string | null = null,
): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state, outcome, crmId, nextAttemptAtMs: null }
}

export function later(intent: ClaimedIntent, outcome: string, atMs: number): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state: 'pending', outcome, crmId: null, nextAttemptAtMs: atMs }
}

/**
 * Claimed and not sent: the connection became read-only, or another worker took the intent over, whose result then
 * counts. A task waits until writing is allowed. An owner write is decided again then.
 */
export function withheld(intent: ClaimedIntent, nowMs: number): IntentResult {
  const why = 'Writing to this connection was paused'
  if (intent.kind === 'owner') return finished(intent, 'cancelled', why)
  return intent.readBack ? unknown(intent, why, nowMs) : later(intent, why, nowMs)
}

/** A refused task is tried again after 1 h, 2 h, 4 h ... a day: the CRM sends no event when an admin changes its rules. */
const REFUSED_AGAIN_MS = { first: 3_600_000, largest: 86_400_000 }

/**
 * A refused owner write becomes a case of its own (pattern write-refused), so it ends here. A refused task would leave its
 * case without an owner in the CRM, so it is tried again, and is counted.
 */
function refused(intent: ClaimedIntent, why: string, nowMs: number): IntentResult {
  if (intent.kind === 'owner') return finished(intent, 'refused', why)
  const pauseMs = Math.min(REFUSED_AGAIN_MS.first * 2 ** Math.min(intent.attempts - 1, 5), REFUSED_AGAIN_MS.largest)
  return { ...later(intent, why, nowMs + pauseMs), refused: true }
}

export function unknown(intent: ClaimedIntent, outcome: string, nowMs: number): IntentResult {
  return {
    id: intent.id,
    leaseEpoch: intent.leaseEpoch,
    state: 'unknown',
    outcome,
    crmId: null,
    nextAttemptAtMs: nowMs + backoffMs(intent.attempts),
  }
}

/** 1 s, 2 s, 4 s ... 5 min. The CRM's own Retry-After takes precedence. */
function backoffMs(attempts: number): number {
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
