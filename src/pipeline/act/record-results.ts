import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { type ClaimedIntent, finishIntents, type IntentResult } from '../../store/decisions/intents.ts'
import {
  doubledTasks,
  finishLate,
  recordAnswers,
  unansweredAttempts,
  type WriteAnswer,
} from '../../store/decisions/write-log.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { raiseNotice } from '../../store/notices/notices.ts'
import type { ActDependencies } from './contract.ts'
import { isFinal, ledgerEntry } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PlannedWrite } from './intent-plan.ts'
import type { Run } from './run-intents.ts'

/**
 * Finishes the intents and adds to the write log, in one commit. An outcome is never dropped: one that comes when another
 * process has taken the intent over is in the log as late, and a late "done" wins where the other has not written yet.
 */
export async function recordResults<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  { db, nowMs, connection }: ActDependencies,
  plan: IntentPlan<Intent, Write>,
  claimed: readonly Intent[],
  run: Run<Write>,
): Promise<void> {
  const intentOf = new Map(claimed.map((intent) => [intent.id, intent]))
  const writeOf = new Map(run.writes.map((write) => [write.intent.id, write]))
  await inTransaction(db, async (trx) => {
    const ours = await finishIntents(trx, run.results)
    const isLate = ({ id }: IntentResult) => !ours.has(id)
    const lateDone = run.results.filter(
      (result) => isLate(result) && result.state === 'done' && wasSent(run, writeOf.get(result.id)),
    )
    const won = await finishLate(trx, lateDone)
    const finished = run.results
      .filter(({ id }) => ours.has(id) || won.has(id))
      .map((result) => ({ intent: intentOf.get(result.id)!, result, write: writeOf.get(result.id) }))
    await plan.record(trx, finished)
    await recordAnswers(trx, connection.id, [
      ...run.results.flatMap((result) => answersOf(run, writeOf.get(result.id), result, isLate(result))),
      ...(await answersByReadBack(trx, run, finished)),
    ])
    await tellOfDoubled(trx, connection.id, claimed)
    await countNotSent(trx, connection.id, finished)
    const entries = finished.flatMap((one) => {
      const subject = isFinal(one.result) ? plan.subjectOf(one) : null
      return subject === null ? [] : [ledgerEntry(one.intent, one.result, subject, nowMs())]
    })
    await appendLedger(trx, entries)
  })
}

type AnyRun = Run<PlannedWrite<ClaimedIntent>>
type AnyWrite = PlannedWrite<ClaimedIntent>

function wasSent({ gate }: AnyRun, write: AnyWrite | undefined): boolean {
  return write !== undefined && (gate?.attempts(write.key).length ?? 0) > 0
}

/**
 * An answer for each request that the item was in. All but the last were repeated, which only happens where the CRM did
 * nothing; the last has the item's outcome.
 */
function answersOf(run: AnyRun, write: AnyWrite | undefined, result: IntentResult, late: boolean): WriteAnswer[] {
  if (write === undefined || run.gate === null) return []
  const attempts = run.gate.attempts(write.key)
  const outcome = run.outcomes.find(({ key }) => key === write.key)
  const why = result.outcome
  return attempts.map(({ attemptId, status, requestId }, at) => {
    const facts = { attemptId, status, requestId, late, crmId: null, after: null, why }
    if (at < attempts.length - 1) return { ...facts, outcome: 'not-written', why: null }
    if (outcome?.outcome === 'done') {
      return { ...facts, outcome: 'done', crmId: outcome.id, after: outcome.after ?? null }
    }
    const isTold = outcome !== undefined && outcome.outcome !== 'retry' && outcome.outcome !== 'withheld'
    if (isTold) return { ...facts, outcome: outcome.outcome }
    return { ...facts, outcome: result.state === 'unknown' ? 'unknown' : 'not-written' }
  })
}

/** What reading back told about attempts of before that nobody answered. */
async function answersByReadBack(
  trx: DatabaseTransaction,
  run: AnyRun,
  finished: readonly FinishedIntent<ClaimedIntent, AnyWrite>[],
): Promise<WriteAnswer[]> {
  const conclusive = finished.filter(
    ({ intent, result, write }) =>
      intent.mayBeWritten && (result.state === 'done' || result.state === 'cancelled' || wasSent(run, write)),
  )
  const unanswered = await unansweredAttempts(
    trx,
    conclusive.map(({ intent }) => intent.id),
  )
  const own = new Set(run.writes.flatMap(({ key }) => run.gate?.attempts(key) ?? []).map(({ attemptId }) => attemptId))
  return conclusive.flatMap(({ intent, result, write }) => {
    const before = (unanswered.get(intent.id) ?? []).filter((id) => !own.has(id))
    const isFound = result.state === 'done' && !wasSent(run, write)
    return before.map((attemptId, at): WriteAnswer => {
      const facts = { attemptId, status: null, requestId: null, after: null, late: false, why: 'Read back' }
      if (isFound && at === 0) return { ...facts, outcome: 'done', crmId: result.crmId }
      return { ...facts, outcome: 'not-written', crmId: null }
    })
  })
}

/** Two processes created the same task although the gate is there to prevent it: a person has to delete one. */
async function tellOfDoubled(
  trx: DatabaseTransaction,
  connectionId: string,
  claimed: readonly ClaimedIntent[],
): Promise<void> {
  const tasks = claimed.filter(({ kind, readBack, leaseEpoch }) => kind === 'task' && (readBack || leaseEpoch > 1))
  for (const { taskId, crmIds } of await doubledTasks(
    trx,
    tasks.map(({ id }) => id),
  )) {
    await count(trx, 'task-doubled', 1, { connectionId })
    await raiseNotice(trx, {
      connectionId,
      code: 'task-doubled',
      subject: String(taskId),
      level: 'warn',
      message: `One case has ${crmIds.length} tasks in the CRM: ${crmIds.join(' and ')}.`,
      remedy: 'Delete all but one of them in the CRM.',
    })
  }
}

async function countNotSent(
  trx: DatabaseTransaction,
  connectionId: string,
  finished: readonly FinishedIntent<ClaimedIntent, AnyWrite>[],
): Promise<void> {
  const reasons = Map.groupBy(
    finished.flatMap(({ result }) => result.notSent ?? []),
    (reason) => reason,
  )
  for (const [detail, all] of [...reasons].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await count(trx, 'write-not-sent', all.length, { connectionId, detail })
  }
}
