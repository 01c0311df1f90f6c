import { crmProfile } from '../../model/record/crm-profile.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { workflowsInForce } from '../../store/decisions/policies.ts'
import { markDirty, markTouched } from '../../store/records/mark-dirty.ts'
import { requestRead } from '../../store/records/records-to-read.ts'
import { claimIntents, type IntentResult, type OwnerIntent, type OwnerPayload } from '../../store/writes/intents.ts'
import type { NotSent } from '../../store/writes/not-sent.ts'
import type { ActDependencies } from './contract.ts'
import { backoffMs, finished, later, unknown, withheld } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PlannedWrite, PreparedIntents } from './intent-plan.ts'
import { type RecordNow, readCurrent } from './read-current.ts'

type OwnerWrite = PlannedWrite<OwnerIntent> & { readonly payload: OwnerPayload }

/** Owner writes that rules decided: each record is read again and compared before its owner is written. */
export function ownerPlan(deps: ActDependencies): IntentPlan<OwnerIntent, OwnerWrite> {
  const { db, client, connection, instance, timing } = deps
  const max = Math.min(crmProfile(connection.crm).readBatchMax, crmProfile(connection.crm).writeBatchMax)
  return {
    claim: () => claimIntents(db, connection.id, 'owner', max, instance, timing),
    prepare: (claimed) => prepareOwners(deps, claimed),
    send: (writes, gate) => client.writeOwners(writes.map(fieldWrite), gate),
    record: recordOwners,
    subjectOf: ({ intent }) => recordKey(intent),
  }
}

async function prepareOwners(
  deps: ActDependencies,
  claimed: readonly OwnerIntent[],
): Promise<PreparedIntents<OwnerWrite>> {
  const inForce = await turnsInForce(deps)
  const outdated = new Map(claimed.map((intent) => [intent.id, whyOutdated(intent, inForce)]))
  // An outdated one whose call may have gone out is read all the same: the write may have arrived.
  const toRead = claimed.filter((intent) => intent.mayBeWritten || outdated.get(intent.id) === null)
  const current = await readCurrent(deps, toRead)
  const results: IntentResult[] = []
  const writes: OwnerWrite[] = []
  for (const intent of claimed) {
    const result = resultWithoutCall(intent, outdated.get(intent.id) ?? null, current.get(recordKey(intent)))
    if (result !== null) results.push(result)
    else writes.push({ intent, key: String(intent.id), payload: intent.payload, closes: false })
  }
  return { writes, results, toDecide: [] }
}

/** Versions that may write now. A newer policy, or a boundary owner who left, takes back what was not sent yet (M40). */
async function turnsInForce({ db, connection }: ActDependencies): Promise<Map<string, number>> {
  const inForce = await workflowsInForce(db, connection.id)
  const writing = inForce.filter((w) => w.effectiveMode === 'live' || w.effectiveMode === 'pilot')
  return new Map(writing.map(({ workflow, versionTurn }) => [workflow, versionTurn]))
}

/** Why the write must not be sent any more; null: it may be. The record of one that is not sent is decided again. */
function whyOutdated(intent: OwnerIntent, inForce: ReadonlyMap<string, number>): NotSent | null {
  if (inForce.get(intent.workflow) !== intent.versionTurn) return 'policy-changed'
  if (intent.isTakenBack) return 'decided-otherwise'
  return intent.isFromBefore ? 'before-writing' : null
}

/** What the record says now about the intent; null: the write is sent. */
function resultWithoutCall(
  intent: OwnerIntent,
  outdated: NotSent | null,
  now: RecordNow | undefined,
): IntentResult | null {
  const { from, to } = intent.payload
  if (outdated !== null && !intent.mayBeWritten) return withheld(intent, outdated)
  // Decide cannot see that, so it would only decide the same again.
  if (now === undefined || now === 'unreadable') {
    const why = 'The CRM does not let the record be read now'
    return intent.readBack ? unknown(intent, why) : later(intent, why, backoffMs(intent))
  }
  if (now === 'deleted') return givenUp(intent, 'The record is gone', 'whether it was written is not known')
  // Gone or hidden: it is asked for again, and the record is decided when that is known.
  if (now === 'missing') {
    const why = 'The CRM does not show the record'
    return intent.mayBeWritten ? unknown(intent, why) : finished(intent, 'cancelled', why)
  }
  // One of our own attempts did arrive, although its answer was lost.
  if (now.owner === to && intent.mayBeWritten) return finished(intent, 'done', 'Found written', intent.recordId)
  // Someone else made the same change first: an undo must not take their change back.
  if (now.owner === to) return finished(intent, 'cancelled', 'The record already has this owner')
  if (now.owner !== from) {
    const why = 'The owner was changed in the CRM meanwhile'
    return givenUp(intent, why, 'whether it was written before is not known')
  }
  if (outdated !== null) return withheld(intent, outdated)
  return now.isChanged ? withheld(intent, 'record-changed') : null
}

/** Not sent again. Of an attempt whose answer was lost nothing is known now, and nothing will be. */
function givenUp(intent: OwnerIntent, why: string, unproven: string): IntentResult {
  if (!intent.mayBeWritten) return finished(intent, 'cancelled', why)
  return { ...finished(intent, 'cancelled', `${why}, and ${unproven}`), isUnproven: true }
}

function fieldWrite({ key, intent: { objectType, recordId }, payload: { field, to } }: OwnerWrite) {
  return { key, objectType, recordId, field, to }
}

async function recordOwners(
  trx: DatabaseTransaction,
  all: readonly FinishedIntent<OwnerIntent, OwnerWrite>[],
): Promise<void> {
  const intentsIn = (...states: readonly IntentResult['state'][]) =>
    all.filter(({ result }) => states.includes(result.state)).map(({ intent }) => intent)
  // The CRM says so only about writes, so the record itself is asked for before it counts as gone.
  await requestRead(
    trx,
    all.filter(({ result }) => result.gone === true).map(({ intent }) => intent),
    'not-found',
  )
  // Wanted before the version that took it back: if the new one wants it too, it is not for that version's sake.
  await markTouched(
    trx,
    all
      .filter(({ intent, result }) => result.notSent === 'policy-changed' && !intent.backlog)
      .map(({ intent }) => intent),
  )
  // A write that was not made leaves its case undecided.
  await markDirty(trx, intentsIn('refused', 'cancelled'))
}

function recordKey({ objectType, recordId }: OwnerIntent): string {
  return `${objectType}/${recordId}`
}
