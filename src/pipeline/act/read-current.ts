import { CrmRefusedError } from '../../crm/crm-client.ts'
import type { ChangeEvent, FieldText } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { foldEvents } from '../../model/record/fold/fold.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { readRecordsById } from '../../store/records/read-records.ts'
import { requestRead } from '../../store/records/records-to-read.ts'
import type { OwnerIntent } from '../../store/writes/intents.ts'
import { receiveEvents } from '../receive/receive.ts'
import type { ActDependencies } from './contract.ts'

/** A record as the CRM has it at this moment. */
export type RecordNow =
  | 'missing'
  | 'deleted'
  | 'unreadable'
  | {
      readonly owner: string | null
      /** It is not what we know of it, so the decision to write may be another by now. */
      readonly isChanged: boolean
    }

type Reading = { readonly events: ChangeEvent[]; readonly missing: string[]; readonly refused: string[] }

/**
 * Reads the records of owner writes from the CRM, so that no write is blind, by `object/record`. What the readings tell us
 * is stored as events like any other. A reading that tells nothing new is not: the gate lets no record be written that has
 * events nobody has looked at. A record that is not found is asked for again before it counts as gone.
 */
export async function readCurrent(
  deps: ActDependencies,
  intents: readonly OwnerIntent[],
): Promise<ReadonlyMap<string, RecordNow>> {
  const now = new Map<string, RecordNow>()
  const byObject = Map.groupBy(intents, ({ objectType }) => objectType)
  for (const [objectType, some] of byObject) {
    const ids = some.map(({ recordId }) => recordId)
    const reading = await readAll(deps, objectType, ids)
    const known = await knownRecords(deps, objectType, ids)
    const ownerField = objectShape(deps.connection.crm, objectType)!.owner
    const news = reading.events.filter((event) => {
      const isChanged = tellsNews(deps, known.get(event.recordId), event)
      now.set(`${objectType}/${event.recordId}`, asRead(event, ownerField, isChanged))
      return isChanged
    })
    await receiveEvents(deps.db, news)
    const merged = new Set(reading.events.flatMap(({ mergedIds = [] }) => mergedIds))
    const swallowed = ids.filter((id) => merged.has(id) && !now.has(`${objectType}/${id}`))
    await requestRead(
      deps.db,
      [...reading.missing, ...swallowed].map((recordId) => ({
        connectionId: deps.connection.id,
        objectType,
        recordId,
      })),
      'not-found',
    )
    for (const id of reading.missing) {
      // What was found gone for good before is not only hidden; of what was erased nothing is kept, not even that.
      const isGone = known.get(id)?.deleted ?? true
      now.set(`${objectType}/${id}`, isGone ? 'deleted' : 'missing')
    }
    // The survivor of a merge answered for these: the reading that is asked for tells of the merge.
    for (const id of swallowed) now.set(`${objectType}/${id}`, 'missing')
    for (const id of reading.refused) now.set(`${objectType}/${id}`, 'unreadable')
  }
  return now
}

/** A reading that does not show the owner says nothing of it, least of all that there is none. */
function asRead(event: ChangeEvent, ownerField: string, isChanged: boolean): RecordNow {
  if (event.kind === 'deleted') return 'deleted'
  const owner = event.fields[ownerField]
  return owner === undefined ? 'unreadable' : { owner, isChanged }
}

/** Halves a refused batch, so that one id that the CRM rejects does not keep the others from being read. */
async function readAll(deps: ActDependencies, objectType: string, ids: readonly string[]): Promise<Reading> {
  try {
    const fields = deps.fieldsOf(deps.connection.crm, objectType)
    const { events, missing } = await deps.client.readRecords({ objectType, ids, ...fields })
    return { events, missing: [...missing], refused: [] }
  } catch (error) {
    if (!(error instanceof CrmRefusedError)) throw error
    if (ids.length === 1) return { events: [], missing: [], refused: [...ids] }
    const middle = Math.ceil(ids.length / 2)
    const first = await readAll(deps, objectType, ids.slice(0, middle))
    const second = await readAll(deps, objectType, ids.slice(middle))
    return {
      events: [...first.events, ...second.events],
      missing: [...first.missing, ...second.missing],
      refused: [...first.refused, ...second.refused],
    }
  }
}

async function knownRecords(
  { db, connection }: ActDependencies,
  objectType: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, CrmRecord>> {
  const refs = ids.map((recordId) => ({ objectType, recordId }))
  return new Map((await readRecordsById(db, connection.id, refs)).map((record) => [record.recordId, record]))
}

/** Whether folding the reading would change what we know: a value, or that the record is there. */
function tellsNews(
  { connection: { crm } }: ActDependencies,
  known: CrmRecord | undefined,
  event: ChangeEvent,
): boolean {
  if (known === undefined) return true
  const { record } = foldEvents(known, [event], { crm, unreadable: known.unreadable })
  if (record.deleted !== known.deleted || record.mergedInto !== known.mergedInto) return true
  const ofItself = crmProfile(crm).bookkeepingFields
  return Object.keys(record.values).some((field) => {
    const [before, after]: (FieldText | undefined)[] = [known.values[field], record.values[field]]
    return (before ?? null) !== (after ?? null) && !ofItself.includes(field)
  })
}
