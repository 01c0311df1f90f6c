import { inTransaction } from '../../store/database/transaction.ts'
import { type ClaimedIntent, finishIntents, holdForSending, type IntentResult } from '../../store/decisions/intents.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import type { ActDependencies } from './contract.ts'
import { failAll, isFinal, ledgerEntry, matchOutcomes, withheld } from './intent-outcomes.ts'
import type { IntentPlan, PlannedWrite } from './intent-plan.ts'

type Run<Write> = { writes: readonly Write[]; sent: boolean; readonly results: IntentResult[] }

/** Claims a batch, sends it in one call, and records each intent's own outcome, also where the call failed. */
export async function runIntents<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  deps: ActDependencies,
  plan: IntentPlan<Intent, Write>,
): Promise<{ readonly taken: number; readonly written: number }> {
  const claimed = await plan.claim()
  if (claimed.length === 0) return { taken: 0, written: 0 }
  const run: Run<Write> = { writes: [], sent: false, results: [] }
  try {
    await prepareAndSend(deps, plan, claimed, run)
  } catch (error) {
    const known = new Set(run.results.map(({ id }) => id))
    const rest = claimed.filter(({ id }) => !known.has(id))
    // Before the call nothing can have been written. After it, only the answers "busy" and "refused" rule that out.
    run.results.push(...failAll(rest, error, !run.sent, deps.nowMs()))
    throw error
  } finally {
    await recordResults(deps, plan, claimed, run)
  }
  return { taken: claimed.length, written: run.writes.length }
}

async function prepareAndSend<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  deps: ActDependencies,
  plan: IntentPlan<Intent, Write>,
  claimed: readonly Intent[],
  run: Run<Write>,
): Promise<void> {
  const prepared = await plan.prepare(claimed)
  run.results.push(...prepared.results)
  run.writes = prepared.writes
  await markDirty(deps.db, prepared.toDecide)
  const rows = run.writes.map(({ intent: { id, leaseEpoch }, payload }) => ({ id, leaseEpoch, payload }))
  const held = await holdForSending(deps.db, rows)
  for (const { intent } of run.writes) if (!held.has(intent.id)) run.results.push(withheld(intent, deps.nowMs()))
  run.writes = run.writes.filter(({ intent }) => held.has(intent.id))
  if (run.writes.length === 0) return
  run.sent = true
  const outcomes = await plan.send(run.writes)
  run.results.push(...matchOutcomes(run.writes, outcomes, deps.nowMs()))
}

async function recordResults<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  { db, nowMs }: ActDependencies,
  plan: IntentPlan<Intent, Write>,
  claimed: readonly Intent[],
  { writes, results }: Run<Write>,
): Promise<void> {
  const intentOf = new Map(claimed.map((intent) => [intent.id, intent]))
  const writeOf = new Map(writes.map((write) => [write.intent.id, write]))
  await inTransaction(db, async (trx) => {
    const ours = await finishIntents(trx, results)
    const finished = results
      .filter(({ id }) => ours.has(id))
      .map((result) => ({ intent: intentOf.get(result.id)!, result, write: writeOf.get(result.id) }))
    await plan.record(trx, finished)
    const entries = finished.flatMap((one) => {
      const subject = isFinal(one.result) ? plan.subjectOf(one) : null
      return subject === null ? [] : [ledgerEntry(one.intent, one.result, subject, nowMs())]
    })
    await appendLedger(trx, entries)
  })
}
