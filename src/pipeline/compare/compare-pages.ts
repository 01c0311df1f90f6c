import type { ChangeEvent } from '../../model/record/change-event.ts'
import {
  beginSeen,
  compareShown,
  forgetSeen,
  isSeenKept,
  type ShownRecord,
  suspectGone,
  suspectKnown,
  suspectUnseen,
} from '../../store/compare/compare-pages.ts'
import { beginComparison, type ComparisonState } from '../../store/compare/comparisons.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { comparedObjects } from './compared-objects.ts'
import {
  type ComparisonDependencies,
  comparisonOf,
  moveTo,
  placeAt,
  sinceDayOf,
  waitForRoom,
} from './comparison-run.ts'

/** Phase `read`: compares one page of the CRM's records with ours and saves the suspects with the place of the next page. */
export async function comparePage(deps: ComparisonDependencies, state: ComparisonState): Promise<'more'> {
  const { db, client, connection } = deps
  const comparison = comparisonOf(deps, state)
  const { objectType } = comparison
  await waitForRoom(deps)
  const page = await client.changedSince({
    objectType,
    sinceMs: state.sinceMs,
    cursor: state.cursor,
    fields: deps.fieldsOf(connection.crm, objectType).fields,
    // Only present values are compared, and pages without history are twice as long.
    historyFields: [],
    source: state.sinceMs === 0 ? 'baseline' : 'poll',
  })
  const { shown, gone } = sortPage(page.events)
  if (state.cursor === null) await forgetSeen(db, comparison)
  await inTransaction(db, async (trx) => {
    if (state.cursor === null) await beginSeen(trx, comparison)
    else if (!(await isSeenKept(trx, comparison))) return beginAgain(deps, state, trx)
    const { equal, suspect } = await compareShown(trx, comparison, shown)
    await suspectGone(trx, comparison, gone)
    const done = page.cursor === null
    const sinceDay = sinceDayOf(state)
    if (done && sinceDay !== null) await suspectKnown(trx, comparison, sinceDay)
    await moveTo(deps, state, trx, {
      objectType,
      phase: !done ? 'read' : state.depth === 'full' ? 'extra' : 'look',
      cursor: page.cursor,
      pages: 1,
      records: equal + suspect,
      ofTotal: page.total,
    })
  })
  return 'more'
}

/** Live records, and those that the CRM lists as deleted or as merged into another. */
function sortPage(events: readonly ChangeEvent[]): {
  readonly shown: readonly ShownRecord[]
  readonly gone: readonly { readonly recordId: string; readonly atMs: number }[]
} {
  const shown: ShownRecord[] = []
  const gone: { recordId: string; atMs: number }[] = []
  for (const event of events) {
    const { recordId, occurredAtMs: atMs } = event
    if (event.kind === 'deleted') gone.push({ recordId, atMs })
    else if (event.complete) shown.push({ recordId, modifiedMs: atMs, fields: event.fields })
    if (event.kind === 'merged') for (const id of event.mergedIds ?? []) gone.push({ recordId: id, atMs })
  }
  return { shown, gone }
}

/** Phase `extra` of a full comparison: suspects the records of ours that no page showed. */
export async function findExtraRecords(deps: ComparisonDependencies, state: ComparisonState): Promise<'more'> {
  const comparison = comparisonOf(deps, state)
  await inTransaction(deps.db, async (trx) => {
    if (!(await isSeenKept(trx, comparison))) return beginAgain(deps, state, trx)
    const cursor = await suspectUnseen(trx, comparison, state.cursor)
    await moveTo(deps, state, trx, placeAt(comparison.objectType, cursor === null ? 'look' : 'extra', cursor))
  })
  return 'more'
}

/**
 * Postgres lost the list of seen records, as it may in a crash. Without it, every record of ours would look deleted in the
 * CRM, and the pages read so far would count twice.
 */
async function beginAgain(
  deps: ComparisonDependencies,
  state: ComparisonState,
  trx: DatabaseTransaction,
): Promise<void> {
  const { id, crm } = deps.connection
  const objectType = comparedObjects(crm)[0]!
  await moveTo(deps, state, trx, placeAt(objectType, 'read'))
  await beginComparison(trx, id, { objectType, sinceMs: state.sinceMs })
}
