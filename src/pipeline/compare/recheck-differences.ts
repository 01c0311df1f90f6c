import { type CrmClient, CrmRefusedError, CrmScopeMissingError } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import {
  dueAsked,
  giveUpReread,
  type Recheck,
  recordRechecks,
  type Suspect,
  type ToReread,
  takeToReread,
} from '../../store/compare/differences.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { insertEvents } from '../../store/events/change-events.ts'
import { RECOVERED } from '../../store/events/missed-changes.ts'
import { foundEvent } from '../read/inferred-event.ts'
import { timeFields } from '../read/missed-changes.ts'
import { noteDifferences } from './note-differences.ts'

export type RecheckDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm; readonly title: string }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
}

/** Rechecks of a record that is read again, each a second later than the one before: about three minutes. */
const REREAD_RECHECKS_MAX = 18
const REREAD_EVERY_S = 1

/** Reads these records from the CRM and decides whether they are in sync. One call. */
export async function recheckRecords(
  { db, client, connection, fieldsOf }: RecheckDependencies,
  objectType: string,
  suspects: readonly Suspect[],
  {
    rechecksMax,
    inSame = async () => undefined,
  }: { readonly rechecksMax: number; readonly inSame?: (trx: DatabaseTransaction) => Promise<void> },
): Promise<{ readonly recovered: number }> {
  const { fields } = fieldsOf(connection.crm, objectType)
  const ids = suspects.map((suspect) => suspect.recordId)
  const { events } = await client.readRecords({ objectType, ids, fields, historyFields: [] })
  const ignoredFields = timeFields(connection.crm, objectType)
  return inTransaction(db, async (trx) => {
    const settled = await recordRechecks(trx, { connectionId: connection.id, objectType }, rechecksOf(ids, events), {
      ignoredFields,
      watched: fields,
      rechecksMax,
    })
    await count(trx, RECOVERED, settled.recovered, { connectionId: connection.id, detail: objectType })
    await inSame(trx)
    return settled
  })
}

/** A record that was merged into another counts as missing: the CRM answers with its survivor. */
function rechecksOf(ids: readonly string[], events: readonly ChangeEvent[]): Recheck[] {
  const shown = new Map<string, ChangeEvent>()
  for (const event of events) if (event.complete && event.kind !== 'deleted') shown.set(event.recordId, event)
  return ids.map((recordId) => {
    const event = shown.get(recordId)
    return { recordId, modifiedMs: event?.occurredAtMs ?? null, fields: event?.fields ?? null }
  })
}

/** Rechecks records that are being read again, each as soon as it may have arrived. Returns whether there was any. */
export async function recheckRereads(deps: RecheckDependencies): Promise<boolean> {
  const { db, connection } = deps
  const asked = await dueAsked(db, connection.id, {
    everyS: REREAD_EVERY_S,
    limit: crmProfile(connection.crm).readBatchMax,
  })
  if (asked === null) return false
  const { objectType, due } = asked
  try {
    await recheckRecords(deps, objectType, due, { rechecksMax: REREAD_RECHECKS_MAX })
  } catch (error) {
    const code = refusalOf(error)
    if (code === null) throw error
    await inTransaction(db, async (trx) => {
      await giveUpReread(trx, { connectionId: connection.id, objectType })
      await countRefused(trx, connection.id, objectType, code)
    })
  }
  await noteDifferences(db, connection)
  return true
}

/** The CRM's code when it refuses us the object, as it would refuse the same request again; null: another failure. */
export function refusalOf(error: unknown): string | null {
  if (error instanceof CrmRefusedError) return error.code
  return error instanceof CrmScopeMissingError ? 'MISSING_SCOPES' : null
}

export async function countRefused(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  objectType: string,
  code: string,
): Promise<void> {
  await count(trx, 'comparison-refused', 1, { connectionId, detail: `${objectType} ${code}` })
}

/** Records per statement when asking for them to be read. */
const REREAD_BATCH = 1_000

/**
 * Has every record that is out of sync read from the CRM again. Where we lack the record, or hold it as deleted, there is
 * no row to mark, so each gets an event that says "something happened here". The read answers that event, and counts as
 * newer than everything we received, even where a clock was wrong. Returns how many records are read again.
 */
export async function rereadDifferences(
  db: Database,
  connectionId: string,
  which: { readonly objectType?: string | undefined; readonly day?: string | undefined },
): Promise<number> {
  let asked = 0
  for (;;) {
    const n = await inTransaction(db, async (trx) => {
      const taken = await takeToReread(trx, connectionId, which, REREAD_BATCH)
      await insertEvents(
        trx,
        taken.map((one) => gap(connectionId as ConnectionId, one)),
      )
      return taken.length
    })
    asked += n
    if (n < REREAD_BATCH) return asked
  }
}

function gap(connectionId: ConnectionId, { objectType, recordId, askAtMs }: ToReread): ChangeEvent {
  return foundEvent({
    connectionId,
    // The moment is later than everything known of the record, so each request has a key of its own.
    dedupeKey: `out-of-sync/${objectType}/${recordId}/${askAtMs}`,
    objectType,
    recordId,
    kind: 'gap',
    occurredAtMs: askAtMs,
  })
}
