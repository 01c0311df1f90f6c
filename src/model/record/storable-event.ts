import type { ChangeEvent, FieldText } from './change-event.ts'
import { isInstant } from './instant.ts'
import { storable } from './storable-text.ts'

/**
 * The event as the database can hold it, nearly always itself. One bad text or number in it would have the whole statement
 * refused, with every other event of the delivery, the page or the batch. Null: it has no time, so nothing can be told
 * from it.
 */
export function storableEvent(event: ChangeEvent): ChangeEvent | null {
  if (!isInstant(event.occurredAtMs)) return null
  if (isStorable(event)) return event
  const { answersUntilMs, fieldChangedAtMs, ownerHistory, mergedIds, ...rest } = event
  const { kind, id, ours } = event.actor
  return {
    ...rest,
    dedupeKey: storable(event.dedupeKey),
    objectType: storable(event.objectType),
    recordId: storable(event.recordId),
    order: Number.isSafeInteger(event.order) ? event.order : 0,
    // What is neither text nor blank says nothing of the field, least of all that it is blank.
    fields: Object.fromEntries(
      Object.entries(event.fields).flatMap(([name, value]) =>
        value === null || typeof value === 'string' ? [[storable(name), storableValue(value)]] : [],
      ),
    ),
    ...(isInstant(answersUntilMs) && { answersUntilMs }),
    ...(fieldChangedAtMs !== undefined && {
      fieldChangedAtMs: Object.fromEntries(Object.entries(fieldChangedAtMs).filter(([, atMs]) => isInstant(atMs))),
    }),
    ...(ownerHistory !== undefined && {
      ownerHistory: ownerHistory.flatMap(({ owner, atMs }) =>
        isInstant(atMs) ? [{ owner: storableValue(owner), atMs }] : [],
      ),
    }),
    ...(mergedIds !== undefined && { mergedIds: mergedIds.map(storable) }),
    actor: { kind, id: storableValue(id), ours },
  }
}

function storableValue(value: FieldText): FieldText {
  return typeof value === 'string' ? storable(value) : null
}

function isStorable(event: ChangeEvent): boolean {
  const { fields, answersUntilMs, fieldChangedAtMs, ownerHistory, mergedIds } = event
  if (!Number.isSafeInteger(event.order)) return false
  if (answersUntilMs !== undefined && !isInstant(answersUntilMs)) return false
  if (![event.dedupeKey, event.objectType, event.recordId, event.actor.id].every(isGood)) return false
  for (const name in fields) if (!isGood(name) || !isGood(fields[name])) return false
  if (mergedIds !== undefined && !mergedIds.every(isGood)) return false
  if (ownerHistory !== undefined && !ownerHistory.every(({ owner, atMs }) => isGood(owner) && isInstant(atMs)))
    return false
  return fieldChangedAtMs === undefined || Object.values(fieldChangedAtMs).every(isInstant)
}

function isGood(text: unknown): boolean {
  return text === null || (typeof text === 'string' && text.isWellFormed() && !text.includes('\u0000'))
}
