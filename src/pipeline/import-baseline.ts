import type { Crm } from '../model/record/change-event.ts'
import { watchedObjects } from '../model/record/object-shape.ts'
import { insertEvents } from '../store/change-events.ts'
import { type Baseline, type BaselineObject, saveBaseline, saveSchema, saveWatermark } from '../store/connections.ts'
import { inTransaction } from '../store/transaction.ts'
import type { ReconcileDependencies } from './reconcile.ts'

/**
 * First import of every watched object, page by page; each page and the place it leaves off are one commit, so a kill
 * costs one page. What changes meanwhile is found by the first reconcile, which starts where this one began.
 */
export async function importBaseline(deps: ReconcileDependencies): Promise<Baseline> {
  const { db, client, connection, nowMs } = deps
  const startedAtMs = connection.baseline.startedAtMs ?? nowMs()
  let baseline: Baseline = { ...connection.baseline, startedAtMs }
  for (const objectType of baselineObjects(connection.crm)) {
    let state: BaselineObject = baseline.objects[objectType] ?? { done: false, cursor: null, count: 0, total: null }
    while (!state.done && !deps.signal.aborted) {
      const page = await client.changedSince({
        objectType,
        sinceMs: 0,
        cursor: state.cursor,
        ...deps.fieldsOf(connection.crm, objectType),
        source: 'baseline',
      })
      state = {
        done: page.cursor === null,
        cursor: page.cursor,
        count: state.count + page.events.length,
        total: page.total ?? state.total,
      }
      baseline = { ...baseline, objects: { ...baseline.objects, [objectType]: state } }
      await inTransaction(db, async (trx) => {
        await insertEvents(trx, page.events)
        await saveBaseline(trx, connection.id, baseline)
        if (state.done) await saveWatermark(trx, connection.id, objectType, startedAtMs, state.count)
      })
      if (page.unreadable.length > 0 || state.done) await noteSchema(deps, objectType, page.unreadable)
      deps.onPage()
    }
  }
  const done = baselineObjects(connection.crm).every((objectType) => baseline.objects[objectType]?.done)
  if (done) {
    baseline = { ...baseline, done: true }
    await saveBaseline(db, connection.id, baseline)
  }
  return baseline
}

/** Other people's tasks are none of our business: only ours are ever looked at, and those are not there at the start. */
function baselineObjects(crm: Crm): readonly string[] {
  return watchedObjects(crm).filter((objectType) => objectType !== 'tasks' && objectType !== 'Task')
}

async function noteSchema(
  deps: ReconcileDependencies,
  objectType: string,
  unreadable: readonly string[],
): Promise<void> {
  await saveSchema(deps.db, deps.connection.id, await deps.client.describe(objectType), unreadable)
}
