import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError } from '../org/api-error.ts'
import { formatDateTime, parseDateTime } from '../org/field-value.ts'
import { isForgotten, type Org } from '../org/org.ts'

const MINUTE_MS = 60_000
const DAYS_BACK_MAX = 30 // getUpdated and getDeleted reach back this far
const IDS_MAX = 600_000

/** `/sobjects/<T>/updated`: ids whose SystemModstamp lies in the span. Seconds of the span are ignored. */
export function updatedRecords(org: Org, object: ObjectDefinition, query: URLSearchParams): object {
  const { startMs, endMs } = span(org, object, query)
  const ids: string[] = []
  for (const record of org.store.table(object.name).values()) {
    const at = Number(record.SystemModstamp)
    if (record.IsDeleted !== true && at >= startMs && at < endMs) ids.push(record.Id)
  }
  if (ids.length > IDS_MAX) throw new ApiError(400, 'EXCEEDED_ID_LIMIT', `more than ${IDS_MAX} records match`)
  return { ids, latestDateCovered: formatDateTime(Math.min(endMs, minute(org.clock.now()))) }
}

export function deletedRecords(org: Org, object: ObjectDefinition, query: URLSearchParams): object {
  const { startMs, endMs } = span(org, object, query)
  const rows: { id: string; deletedDate: string }[] = []
  for (const record of [...org.store.table(object.name).values(), ...org.store.purgedFrom(object.name)]) {
    const at = Number(record.SystemModstamp)
    if (record.IsDeleted === true && at >= startMs && at < endMs && !isForgotten(org, object, record))
      rows.push({ id: record.Id, deletedDate: formatDateTime(at) })
  }
  return {
    deletedRecords: rows,
    earliestDateAvailable: formatDateTime(
      minute(org.clock.now() - (object.deletedForMs ?? DAYS_BACK_MAX * 86_400_000)),
    ),
    latestDateCovered: formatDateTime(Math.min(endMs, minute(org.clock.now()))),
  }
}

function minute(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS
}

function span(org: Org, object: ObjectDefinition, query: URLSearchParams): { startMs: number; endMs: number } {
  if (!object.replicateable) {
    throw new ApiError(400, 'INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} is not replicateable`)
  }
  // An unencoded plus arrives as a space.
  const read = (name: string): number => {
    const ms = parseDateTime((query.get(name) ?? '').replace(' ', '+'))
    if (ms === null) throw new ApiError(400, 'MALFORMED_PARAMETER', `${name} is not a valid date and time`)
    return minute(ms)
  }
  const startMs = read('start')
  const endMs = read('end')
  if (startMs >= endMs)
    throw new ApiError(400, 'INVALID_REPLICATION_DATE', 'startDate must be at least one minute before endDate')
  if (startMs < org.clock.now() - DAYS_BACK_MAX * 86_400_000) {
    throw new ApiError(400, 'INVALID_REPLICATION_DATE', 'startDate before org replication enabled date')
  }
  return { startMs, endMs }
}
