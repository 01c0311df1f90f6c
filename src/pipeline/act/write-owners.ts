import { underLease } from '../../connections/call-budget.ts'
import { CrmRefusedError } from '../../crm/crm-client.ts'
import type { ChangeEvent } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import {
  claimIntents,
  type IntentResult,
  type OwnerIntent,
  type OwnerPayload,
  rememberWrites,
} from '../../store/decisions/intents.ts'
import { workflowsInForce } from '../../store/decisions/policies.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { receiveEvents } from '../receive/receive.ts'
import type { ActDependencies } from './contract.ts'
import { finished } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PlannedWrite, PreparedIntents } from './intent-plan.ts'

type OwnerWrite = PlannedWrite<OwnerIntent> & { readonly payload: OwnerPayload }

/** Owner writes that rules decided: each record is read again and compared before its owner is written. */
export function ownerPlan(deps: ActDependencies): IntentPlan<OwnerIntent, OwnerWrite> {
  const { db, client, connection, instance } = deps
  const max = Math.min(crmProfile(connection.crm).readBatchMax, crmProfile(connection.crm).writeBatchMax)
  return {
    claim: () => claimIntents(db, connection.id, 'owner', max, instance),
    prepare: (claimed) => prepareOwners(deps, claimed),
    send: (writes) => underLease(() => client.writeOwners(writes.map(fieldWrite))),
    record: recordOwners,
    subjectOf: ({ intent }) => recordKey(intent),
  }
}

async function prepareOwners(
  deps: ActDependencies,
  claimed: readonly OwnerIntent[],
): Promise<PreparedIntents<OwnerWrite>> {
  const inForce = await hashesInForce(deps.db)
  const outdated = new Map(claimed.map((intent) => [intent.id, whyOutdated(intent, inForce)]))
  // An outdated one whose call may have gone out is read all the same: the write may have arrived.
  const toRead = claimed.filter((intent) => intent.readBack || outdated.get(intent.id) === null)
  const current = await readCurrentOwners(deps, toRead)
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
async function hashesInForce(db: ActDependencies['db']): Promise<Set<string>> {
  const inForce = await workflowsInForce(db)
  return new Set(inForce.filter((w) => w.effectiveMode === 'live' || w.effectiveMode === 'pilot').map((w) => w.hash))
}

/** Why the write must not be sent any more; null: it may be. The record of one that is not sent is decided again. */
function whyOutdated(intent: OwnerIntent, inForce: ReadonlySet<string>): string | null {
  if (!inForce.has(intent.policyHash)) return 'The policy that decided it is no longer in force'
  return intent.isFromBefore ? 'It was decided before writing was last paused' : null
}

/** Reads each record's owner from the CRM, so that no write is blind. The reads are stored as events like any other. */
async function readCurrentOwners(
  deps: ActDependencies,
  intents: readonly OwnerIntent[],
): Promise<Map<string, string | null>> {
  const owners = new Map<string, string | null>()
  const byObject = new Map<string, string[]>()
  for (const { objectType, recordId } of intents) {
    byObject.set(objectType, [...(byObject.get(objectType) ?? []), recordId])
  }
  for (const [objectType, ids] of byObject) {
    const ownerField = objectShape(deps.connection.crm, objectType)!.owner
    const events = await readAll(deps, objectType, ids)
    await receiveEvents(deps.db, events)
    for (const event of events) {
      if (event.kind !== 'deleted') owners.set(`${objectType}/${event.recordId}`, event.fields[ownerField] ?? null)
    }
  }
  return owners
}

/** Halves a refused batch, so that one id that the CRM rejects does not keep the others from being read. */
async function readAll(deps: ActDependencies, objectType: string, ids: readonly string[]): Promise<ChangeEvent[]> {
  try {
    const fields = deps.fieldsOf(deps.connection.crm, objectType)
    return (await deps.client.readRecords({ objectType, ids, ...fields })).events
  } catch (error) {
    if (!(error instanceof CrmRefusedError)) throw error
    if (ids.length === 1) return []
    const middle = Math.ceil(ids.length / 2)
    return [
      ...(await readAll(deps, objectType, ids.slice(0, middle))),
      ...(await readAll(deps, objectType, ids.slice(middle))),
    ]
  }
}

/** What the record's present owner says about the intent; null: the write is sent. `owner` undefined: no such record. */
function resultWithoutCall(
  intent: OwnerIntent,
  whyOutdated: string | null,
  owner: string | null | undefined,
): IntentResult | null {
  const { from, to } = intent.payload
  if (whyOutdated !== null && !intent.readBack) return finished(intent, 'cancelled', whyOutdated)
  if (owner === undefined) return finished(intent, 'cancelled', 'The record is gone')
  // The answer of an earlier call was lost, and the write did arrive.
  if (owner === to && intent.readBack) return finished(intent, 'done', 'Found written', intent.recordId)
  // Someone else made the same change first: an undo must not take their change back.
  if (owner === to) return finished(intent, 'cancelled', 'The record already has this owner')
  if (owner !== from) return finished(intent, 'cancelled', 'The owner was changed in the CRM meanwhile')
  return whyOutdated === null ? null : finished(intent, 'cancelled', whyOutdated)
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
  await rememberWrites(
    trx,
    intentsIn('done').map(({ id, connectionId, objectType, recordId, payload: { field, to, from } }) => {
      return { connectionId, objectType, recordId, field, value: to, before: from, intentId: id }
    }),
  )
  // A write that was not made leaves its case undecided.
  await markDirty(trx, intentsIn('refused', 'cancelled'))
}

function recordKey({ objectType, recordId }: OwnerIntent): string {
  return `${objectType}/${recordId}`
}
