import { storable } from '../../model/record/storable-text.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { doubledTasks } from '../../store/decisions/task-follow-ups.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { type ClaimedIntent, finishIntents, type IntentResult } from '../../store/writes/intents.ts'
import { finishLate, recordAnswers, unansweredAttempts, type WriteAnswer } from '../../store/writes/write-log.ts'
import type { ActDependencies } from './contract.ts'
import { isFinal, ledgerEntry } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PlannedWrite } from './intent-plan.ts'
import type { Run } from './run.ts'
import { tellOfDoubled } from './tell-of-doubled.ts'

/**
 * Finishes the intents and adds to the write log, in one commit. An outcome is never dropped: one that comes when another
 * process has taken the intent over is in the log as late, and a late "done" wins where the other has not written yet.
 */
export async function recordResults<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  { db, connection }: ActDependencies,
  plan: IntentPlan<Intent, Write>,
  claimed: readonly Intent[],
  run: Run<Write>,
): Promise<void> {
  const intentOf = new Map(claimed.map((intent) => [intent.id, intent]))
  const writeOf = new Map(run.writes.map((write) => [write.intent.id, write]))
  await inTransaction(db, async (trx) => {
    const results = run.results.map(storableResult)
    const ours = await finishIntents(trx, results)
    const isLate = ({ id }: IntentResult) => !ours.has(id)
    const lateDone = results.filter(
      (result) => isLate(result) && result.state === 'done' && wasSent(run, writeOf.get(result.id)),
    )
    const won = await finishLate(trx, lateDone)
    const finished = results
      .filter(({ id }) => ours.has(id) || won.has(id))
      .map((result) => ({ intent: intentOf.get(result.id)!, result, write: writeOf.get(result.id) }))
    await plan.record(trx, finished)
    await recordAnswers(trx, connection.id, [
      ...results.flatMap((result) =>
        answersOf(run, writeOf.get(result.id), result, isLate(result)).map(storableAnswer),
      ),
      ...(await answersByReadBack(trx, run, finished)),
    ])
    await tellOfDoubled(trx, connection.id, await doubledTasks(trx, claimedTwice(claimed, ours)))
    await countNotSent(trx, connection.id, finished)
    // Read in the ledger beside the entries of other workers, so it is no worker's own clock.
    const nowMs = await databaseNowMs(trx)
    const entries = finished.flatMap((one) => {
      const subject = isFinal(one.result) ? plan.subjectOf(one) : null
      return subject === null ? [] : [ledgerEntry(one.intent, one.result, subject, nowMs)]
    })
    await appendLedger(trx, entries)
  })
}

/** The words of one answer must not keep the outcomes of the others from being recorded. */
function storableResult(result: IntentResult): IntentResult {
  const { outcome, crmId } = result
  return { ...result, outcome: outcome && storable(outcome), crmId: crmId && storable(crmId) }
}

function storableAnswer(answer: WriteAnswer): WriteAnswer {
  const { why, requestId, crmId, after } = answer
  return {
    ...answer,
    why: why && storable(why),
    requestId: requestId && storable(requestId),
    crmId: crmId && storable(crmId),
    after: after && storable(after),
  }
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
    const outcome = isRepeatable(intent, write) || result.isUnproven === true ? 'unknown' : 'not-written'
    return before.map((attemptId, at): WriteAnswer => {
      const facts = { attemptId, status: null, requestId: null, after: null, late: false, why: 'Read back' }
      if (isFound && at === 0) return { ...facts, outcome: 'done', crmId: result.crmId }
      return { ...facts, outcome, crmId: null }
    })
  })
}

/** Written again without looking, because twice is as good as once: whether it was written before stays unknown. */
function isRepeatable({ kind }: ClaimedIntent, write: AnyWrite | undefined): boolean {
  if (kind === 'link' || kind === 'repair') return true
  return write !== undefined && 'taskId' in write.payload && write.payload.taskId !== null
}

/** Tasks that a call of another process may have created too: one before us, or one that has overtaken us. */
function claimedTwice(claimed: readonly ClaimedIntent[], ours: ReadonlySet<number>): number[] {
  return claimed
    .filter(
      ({ kind, id, readBack, leaseEpoch }) =>
        (kind === 'task' || kind === 'job') && (readBack || leaseEpoch > 1 || !ours.has(id)),
    )
    .map(({ id }) => id)
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
