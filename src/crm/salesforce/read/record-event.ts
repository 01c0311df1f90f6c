import { createHash } from 'node:crypto'
import type {
  ChangeActor,
  ChangeEvent,
  ChangeSource,
  ConnectionId,
  FieldText,
} from '../../../model/record/change-event.ts'
import { hiddenAmong } from '../../../model/record/person-form.ts'
import { longId, sameId } from '../http/record-id.ts'
import { SALESFORCE } from '../profile.ts'
import { fieldText, timeMs } from '../rest/field-text.ts'
import { type Row, text } from '../rest/query.ts'
import type { SalesforceObject } from '../rest/schemas.ts'

/** Every read includes these besides the fields asked for: identity, order, actor. */
const ALWAYS = ['Id', 'SystemModstamp', 'LastModifiedDate', 'LastModifiedById', 'CreatedDate']

export type Selection = {
  readonly objectType: string
  /** The fields in SELECT. */
  readonly select: readonly string[]
  /** The fields in the event. */
  readonly fields: readonly string[]
  readonly unreadable: readonly string[]
  /** Fields asked for that the org does not have: blank on every record, and hidden by nobody. */
  readonly absent: readonly string[]
  /** The field that pages are ordered by. */
  readonly modifiedField: string
  readonly schema: SalesforceObject
  readonly digest: string
}

/** Keeps the fields that exist: one unknown name would fail the whole query. */
export function selectFields(schema: SalesforceObject, wanted: readonly string[]): Selection {
  const names = [...new Set(wanted)]
  const fields = names.filter((name) => schema.byName.has(name))
  const unreadable = hiddenAmong(SALESFORCE.objects[schema.objectType], names, schema.byName)
  const extra = ALWAYS.filter((name) => name === 'Id' || schema.byName.has(name))
  return {
    objectType: schema.objectType,
    select: [...new Set([...extra, ...fields])],
    fields,
    unreadable,
    absent: names.filter((name) => !schema.byName.has(name) && !unreadable.includes(name)),
    modifiedField: schema.byName.has('SystemModstamp') ? 'SystemModstamp' : 'LastModifiedDate',
    schema,
    // Asking for one more field of the same version of a record is a new fact, not a duplicate.
    digest: createHash('sha256').update(fields.toSorted().join(',')).digest('hex').slice(0, 8),
  }
}

export type RowContext = {
  readonly connectionId: ConnectionId
  readonly source: ChangeSource
  readonly ourUserId: string | null
  /** When Salesforce began to work on the page, by its own clock where the answer has a Date header. */
  readonly askedAtMs: number
}

/** Salesforce keeps whole seconds. This much later, nothing more can happen within the record's second. */
const SETTLED_AFTER_MS = 2_000

/** A row of a query as a complete change event; null for a row without id or time, which our queries always ask for. */
export function rowEvent(row: Row, selection: Selection, context: RowContext): ChangeEvent | null {
  const recordId = longId(text(row.Id) ?? '')
  const modifiedAtMs = timeMs(row[selection.modifiedField])
  if (recordId === null || modifiedAtMs === null) return null
  const until = settledUntil(modifiedAtMs, context)
  const fields: Record<string, FieldText> = {}
  for (const name of selection.absent) fields[name] = null
  for (const name of selection.fields) fields[name] = fieldText(row[name], selection.schema.byName.get(name)?.type)
  return {
    connectionId: context.connectionId,
    dedupeKey: `rest/${selection.objectType}/${recordId}/${modifiedAtMs}/${selection.digest}${until === null ? '' : '/settled'}`,
    objectType: selection.objectType,
    recordId,
    kind: 'changed',
    occurredAtMs: timeMs(row.LastModifiedDate) ?? modifiedAtMs,
    order: 0,
    fields,
    complete: true,
    ...(until === null ? {} : { answersUntilMs: until }),
    source: context.source,
    actor: rowActor(row, context),
  }
}

/**
 * The end of the record's second, once it is over. Of two changes within one second the stream may have brought only
 * the first; both have the poll's own time, so without this the poll that saw the second one would lose to the first.
 */
function settledUntil(modifiedAtMs: number, { source, askedAtMs }: RowContext): number | null {
  if (source !== 'poll' || askedAtMs - modifiedAtMs < SETTLED_AFTER_MS) return null
  return modifiedAtMs - (modifiedAtMs % 1_000) + 999
}

/** A row of the Recycle Bin. A loser of a merge names its winner, which is what has to be read again. */
export function deletedRowEvent(row: Row, selection: Selection, context: RowContext): ChangeEvent | null {
  const recordId = longId(text(row.Id) ?? '')
  const modifiedAtMs = timeMs(row[selection.modifiedField])
  if (recordId === null || modifiedAtMs === null) return null
  const master = longId(text(row.MasterRecordId) ?? '')
  return {
    connectionId: context.connectionId,
    dedupeKey: `rest/${selection.objectType}/${recordId}/${modifiedAtMs}/${master ? 'merged' : 'deleted'}`,
    objectType: selection.objectType,
    recordId: master ?? recordId,
    kind: master ? 'merged' : 'deleted',
    // Deleting does not touch LastModifiedDate, only the system's own stamp.
    occurredAtMs: modifiedAtMs,
    order: 0,
    fields: {},
    complete: false,
    ...(master ? { mergedIds: [recordId] } : {}),
    source: context.source,
    actor: rowActor(row, context),
  }
}

function rowActor(row: Row, context: RowContext): ChangeActor {
  const id = longId(text(row.LastModifiedById) ?? '')
  const ours = sameId(id, context.ourUserId)
  // A user id alone cannot tell a person from a program.
  return { kind: ours ? 'integration' : 'unknown', id, ours }
}
