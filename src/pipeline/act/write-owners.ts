import { underLease } from '../../connections/call-budget.ts'
import { CrmRefusedError } from '../../crm/crm-client.ts'
import type { ChangeEvent } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  type ClaimedIntent,
  claimIntents,
  finishIntents,
  holdForSending,
  type IntentResult,
  type OwnerPayload,
  rememberWrites,
} from '../../store/decisions/intents.ts'
import { workflowsInForce } from '../../store/decisions/policies.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDirty } from '../../store/records/records.ts'
import { receiveEvents } from '../receive/receive.ts'
import type { ActDependencies, Acted } from './contract.ts'
import { failAll, finished, isFinal, matchOutcomes, withheld, writeEntry } from './intent-outcomes.ts'

/** Owner writes that rules decided: read again, compared, written, and each one's own outcome recorded. */
export async function actOnOwners(deps: ActDependencies): Promise<Acted> {
  const { db, client, connection } = deps
  const claimed = await claimIntents(
    db,
    connection.id,
    'owner',
    Math.min(crmProfile(connection.crm).readBatchMax, crmProfile(connection.crm).writeBatchMax),
    deps.instance,
  )
  if (claimed.length === 0) return { taken: 0, written: 0, read: false }
  const results: IntentResult[] = []
  let toWrite: ClaimedIntent[] = []
  let sent = false
  try {
    const inForce = await hashesInForce(db)
    const outdated = new Map(claimed.flatMap((intent) => whyOutdated(intent, inForce)))
    // One that may have been sent is read back all the same: it may have arrived.
    const current = await readCurrentOwners(
      deps,
      claimed.filter((intent) => intent.readBack || !outdated.has(intent.id)),
    )
    for (const intent of claimed) {
      const why = outdated.get(intent.id)
      if (why !== undefined && !intent.readBack) {
        results.push(finished(intent, 'cancelled', why))
        continue
      }
      const payload = intent.payload as unknown as OwnerPayload
      const now = current.get(`${intent.objectType}/${intent.recordId}`)
      if (now === undefined) results.push(finished(intent, 'cancelled', 'The record is gone'))
      // Read-back after a lost answer: it did arrive.
      else if (now === payload.to && intent.readBack)
        results.push(finished(intent, 'done', 'Found written', intent.recordId))
      // Somebody else was quicker: nothing was written, and an undo must not take their change back.
      else if (now === payload.to) results.push(finished(intent, 'cancelled', 'Already so'))
      else if (now !== payload.from) results.push(finished(intent, 'cancelled', 'Somebody changed the owner meanwhile'))
      else if (why !== undefined) results.push(finished(intent, 'cancelled', why))
      else toWrite.push(intent)
    }
    const held = await holdForSending(db, toWrite)
    results.push(...toWrite.flatMap((intent) => (held.has(intent.id) ? [] : [withheld(intent, deps.nowMs())])))
    toWrite = toWrite.filter((intent) => held.has(intent.id))
    if (toWrite.length > 0) {
      sent = true
      const writes = toWrite.map((intent) => {
        const payload = intent.payload as unknown as OwnerPayload
        return {
          key: String(intent.id),
          objectType: intent.objectType!,
          recordId: intent.recordId!,
          field: payload.field,
          to: payload.to,
        }
      })
      const outcomes = await underLease(() => client.writeOwners(writes))
      const items = toWrite.map((intent) => ({ intent, key: String(intent.id), closes: false }))
      results.push(...matchOutcomes(items, outcomes, deps.nowMs()))
    }
  } catch (error) {
    const rest = claimed.filter((intent) => !results.some((r) => r.id === intent.id))
    // Before the write went out nothing can have happened; after it, only a busy or refused answer says so for sure.
    results.push(...failAll(rest, error, !sent, deps.nowMs()))
    await recordOwnerOutcomes(deps, claimed, results)
    throw error
  }
  await recordOwnerOutcomes(deps, claimed, results)
  return { taken: claimed.length, written: toWrite.length, read: true }
}

/** Versions that may write now. A boundary owner who left, or a newer policy, takes back what has not gone out yet (M40). */
async function hashesInForce(db: ActDependencies['db']): Promise<Set<string>> {
  const inForce = await workflowsInForce(db)
  return new Set(inForce.filter((w) => w.effectiveMode === 'live' || w.effectiveMode === 'pilot').map((w) => w.hash))
}

/** What has gone out of date since it was decided is not sent; its record is decided again. */
function whyOutdated(intent: ClaimedIntent, inForce: ReadonlySet<string>): [number, string][] {
  if (!inForce.has(intent.policyHash)) return [[intent.id, 'The policy that decided it is no longer in force']]
  return intent.isFromBefore ? [[intent.id, 'It was decided before writing was last held']] : []
}

/** Never written blind: what the record's owner is right now, straight from the CRM. The reads are events like any. */
async function readCurrentOwners(
  deps: ActDependencies,
  intents: readonly ClaimedIntent[],
): Promise<Map<string, string | null>> {
  const owners = new Map<string, string | null>()
  const byObject = new Map<string, string[]>()
  for (const intent of intents) {
    const ids = byObject.get(intent.objectType!) ?? []
    ids.push(intent.recordId!)
    byObject.set(intent.objectType!, ids)
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

/** One id that the CRM will not have must not keep the others from being read: a refused batch is halved. */
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

async function recordOwnerOutcomes(
  deps: ActDependencies,
  claimed: readonly ClaimedIntent[],
  results: readonly IntentResult[],
): Promise<void> {
  const byId = new Map(claimed.map((intent) => [intent.id, intent]))
  await inTransaction(deps.db, async (trx) => {
    const ours = await finishIntents(trx, results)
    const kept = results.filter((result) => ours.has(result.id))
    await rememberWrites(
      trx,
      kept
        .filter((r) => r.state === 'done')
        .map((r) => {
          const intent = byId.get(r.id)!
          const payload = intent.payload as unknown as OwnerPayload
          return {
            connectionId: intent.connectionId,
            objectType: intent.objectType!,
            recordId: intent.recordId!,
            field: payload.field,
            value: payload.to,
            before: payload.from,
            intentId: intent.id,
          }
        }),
    )
    // What was not written leaves the case undecided: look again.
    const again = kept.filter((r) => r.state === 'refused' || r.state === 'cancelled').map((r) => byId.get(r.id)!)
    await markDirty(
      trx,
      again.map((i) => ({ connectionId: i.connectionId, objectType: i.objectType!, recordId: i.recordId! })),
    )
    await appendLedger(
      trx,
      kept
        .filter(isFinal)
        .map((r) => writeEntry(deps, byId.get(r.id)!, r, `${byId.get(r.id)!.objectType}/${byId.get(r.id)!.recordId}`)),
    )
  })
}
