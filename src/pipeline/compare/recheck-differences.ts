import { type CrmClient, CrmRefusedError, CrmScopeMissingError } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import {
  countDifferences,
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
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'
import { foundEvent } from '../read/inferred-event.ts'
import { timeFields } from '../read/missed-changes.ts'

export type RecheckDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm; readonly title: string }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
}

/** Looks of a record that is read again: each a second later than the one before, so about three minutes. */
const REREAD_LOOKS_MAX = 18
const REREAD_EVERY_S = 1

/** Reads these records from the CRM and decides whether they are in step. One call. */
export async function lookAt(
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

/** A survivor stands in for an id that was merged into it; that id itself the CRM has no more. */
function rechecksOf(ids: readonly string[], events: readonly ChangeEvent[]): Recheck[] {
  const shown = new Map<string, ChangeEvent>()
  for (const event of events) if (event.complete && event.kind !== 'deleted') shown.set(event.recordId, event)
  return ids.map((recordId) => {
    const event = shown.get(recordId)
    return { recordId, modifiedMs: event?.occurredAtMs ?? null, fields: event?.fields ?? null }
  })
}

/** Looks at what is being read again, as soon as each may be done. Returns whether there was any. */
export async function recheckRereads(deps: RecheckDependencies): Promise<boolean> {
  const { db, connection } = deps
  const asked = await dueAsked(db, connection.id, {
    everyS: REREAD_EVERY_S,
    limit: crmProfile(connection.crm).readBatchMax,
  })
  if (asked === null) return false
  const { objectType, due } = asked
  try {
    await lookAt(deps, objectType, due, { rechecksMax: REREAD_LOOKS_MAX })
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

/** The code of "not this object, for you", which the same request would be told again; null: it says something else. */
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
 * Has what is known to be out of step read from the CRM again. A record that we lack, or hold as gone, is not ours to
 * mark, so each is asked for by an event that says "something happened here"; the reading answers it, and it answers
 * after everything that we were told, also by a clock that was wrong. Returns how many were asked for.
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
    // The moment is later than everything known of the record, so the next time it is another.
    dedupeKey: `out-of-sync/${objectType}/${recordId}/${askAtMs}`,
    objectType,
    recordId,
    kind: 'gap',
    occurredAtMs: askAtMs,
  })
}

/**
 * Says how many records are out of step while there are any, and that they are in step again when there are none. While
 * all of them are being read again there is nothing to say yet.
 */
export async function noteDifferences(
  db: Database,
  connection: { readonly id: string; readonly crm: Crm; readonly title: string },
): Promise<void> {
  const counts = await countDifferences(db, connection.id)
  const which = { connectionId: connection.id, code: 'out-of-sync' }
  if (counts.length === 0) {
    await endNotice(db, { ...which, message: 'All compared records are in step again.' })
    return
  }
  if (counts.every(({ n, reading }) => n === reading)) return
  const perObject = new Map<string, number>()
  for (const { objectType, n } of counts) perObject.set(objectType, (perObject.get(objectType) ?? 0) + n)
  const total = [...perObject.values()].reduce((sum, n) => sum + n, 0)
  const listed = [...perObject].map(([objectType, n]) => nouns(connection.crm, objectType, n)).join(', ')
  const message =
    total === 1
      ? `1 record of ${connection.title} is not what the CRM holds: ${listed}.`
      : `${total} records of ${connection.title} are not what the CRM holds: ${listed}.`
  const open = (await listNotices(db, { connectionId: connection.id, limit: 100 })).find(
    (notice) => notice.code === which.code && notice.endedAt === null,
  )
  if (open?.message === message) return
  await raiseNotice(db, {
    ...which,
    level: 'warn',
    message,
    remedy: 'Have them read again: Connections, below "Ledger of events".',
    // Another number is not another occurrence.
    n: open === undefined ? 1 : 0,
  })
}

function nouns(crm: Crm, objectType: string, n: number): string {
  const noun = objectShape(crm, objectType)?.noun ?? objectType
  if (n === 1) return `1 ${noun}`
  return `${n} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}
