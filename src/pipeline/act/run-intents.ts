import { createRunGate } from '../../connections/write-gate.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { type ClaimedIntent, holdForSending } from '../../store/writes/intents.ts'
import { SHIPPED_TIMING } from '../../store/writes/write-timing.ts'
import type { ActDependencies } from './contract.ts'
import { failAll, matchOutcomes, withheld } from './intent-outcomes.ts'
import type { IntentPlan, PlannedWrite } from './intent-plan.ts'
import { recordResults } from './record-results.ts'
import type { Run } from './run.ts'

/** Claims a batch, sends it in one call, and records each intent's own outcome, also where the call failed. */
export async function runIntents<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>>(
  deps: ActDependencies,
  plan: IntentPlan<Intent, Write>,
): Promise<{ readonly taken: number; readonly written: number }> {
  const claimed = await plan.claim()
  if (claimed.length === 0) return { taken: 0, written: 0 }
  const run: Run<Write> = { writes: [], results: [], gate: null, outcomes: [] }
  try {
    await prepareAndSend(deps, plan, claimed, run)
  } catch (error) {
    const known = new Set(run.results.map(({ id }) => id))
    const rest = claimed.filter(({ id }) => !known.has(id))
    const sent = new Set(
      run.writes.filter(({ key }) => (run.gate?.attempts(key).length ?? 0) > 0).map(({ intent }) => intent.id),
    )
    run.results.push(...failAll(rest, error, { mayBeSent: ({ id }) => sent.has(id), nowMs: deps.nowMs() }))
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
  for (const { intent } of run.writes) if (!held.has(intent.id)) run.results.push(withheld(intent, 'overtaken'))
  run.writes = run.writes.filter(({ intent }) => held.has(intent.id))
  if (run.writes.length === 0) return
  const items = new Map(run.writes.map(({ key, intent }) => [key, { id: intent.id, leaseEpoch: intent.leaseEpoch }]))
  run.gate = createRunGate(deps.db, deps.connection.id, deps.timing ?? SHIPPED_TIMING, items)
  run.outcomes = await plan.send(run.writes, run.gate)
  run.results.push(...matchOutcomes(run.writes, run.outcomes, run.gate, deps.nowMs()))
}
