import type {
  ChangeActor,
  ChangeEvent,
  ChangeKind,
  ConnectionId,
  FieldText,
} from '../../../model/record/change-event.ts'
import { isInstant } from '../../../model/record/instant.ts'
import { absentFields, absentForm } from '../../../model/record/person-form.ts'
import { storable } from '../../../model/record/storable-text.ts'
import { longId, sameId } from '../http/record-id.ts'
import { SALESFORCE } from '../profile.ts'
import { type FieldType, fieldText } from '../rest/field-text.ts'
import { bitmapNames, type SchemaField } from './change-bitmap.ts'

export type StreamContext = {
  readonly connectionId: ConnectionId
  readonly ours: { readonly client: string; readonly userId: string }
  /** Undefined where we cannot describe the object: days are then known by their standard names. */
  readonly types: ReadonlyMap<string, FieldType> | undefined
  /** Fields that policies read; a new record whose event lacks one of them needs an extra read. Undefined: any. */
  readonly watched: readonly string[] | undefined
}

export type Header = {
  readonly entityName: string
  readonly recordIds: readonly string[]
  readonly changeType: string
  readonly changeOrigin: string
  readonly transactionKey: string
  readonly sequenceNumber: number
  /** Larger is later, within a transaction and among transactions of one moment. */
  readonly order: number
  readonly commitTimestampMs: number
  readonly commitUser: string
  readonly nulled: ReadonlySet<string>
  readonly diff: ReadonlySet<string>
  readonly changed: ReadonlySet<string>
  /** Top-level fields that any of the three sets names, in whole or in part. */
  readonly touched: ReadonlySet<string>
}

export type StreamEvents = {
  readonly events: ChangeEvent[]
  /** The object of which everything may have changed. */
  readonly overflow: string | null
  readonly skipped: string | null
}

const KINDS: Readonly<Record<string, ChangeKind>> = {
  CREATE: 'created',
  UPDATE: 'changed',
  DELETE: 'deleted',
  UNDELETE: 'restored',
  GAP_CREATE: 'gap',
  GAP_UPDATE: 'gap',
  GAP_DELETE: 'gap',
  GAP_UNDELETE: 'gap',
}

/** Standard fields that are days; the stream sends days and instants alike, as milliseconds. */
const DAYS = new Set(['CloseDate', 'ConvertedDate', 'Birthdate', 'ActivityDate'])
const PERSON_PARTS = new Set(['Salutation', 'FirstName', 'LastName', 'MiddleName', 'Suffix'])

/** One decoded message as our change events, one per record. */
export function streamEvents(
  header: Header,
  body: Readonly<Record<string, unknown>>,
  fields: readonly SchemaField[],
  context: StreamContext,
): StreamEvents {
  const { entityName, changeType } = header
  if (changeType === 'GAP_OVERFLOW') return { events: [], overflow: entityName, skipped: null }
  const kind = KINDS[changeType]
  if (kind === undefined) return { events: [], overflow: null, skipped: `change type ${changeType}` }
  // `001*`: a field's type was converted with loss, and this stands for every record of the object.
  const ids = header.recordIds.map((id) => longId(id))
  if (header.recordIds.length === 0 || ids.includes(null)) return { events: [], overflow: entityName, skipped: null }

  const values =
    kind === 'gap' || kind === 'deleted'
      ? { fields: {}, unclear: false }
      : readValues(header, body, fields, kind, context)
  const whole = kind === 'created' || kind === 'restored'
  const form = formOf(entityName, context)
  if (whole) for (const name of form.absent) values.fields[name] ??= null
  const complete = whole && !values.unclear && (context.watched ?? []).every((name) => name in values.fields)
  const actor = readActor(header, context)
  const events: ChangeEvent[] = []
  for (const recordId of ids as string[]) {
    const event: ChangeEvent = {
      connectionId: context.connectionId,
      dedupeKey: `cdc/${header.transactionKey}/${header.sequenceNumber}/${entityName}/${recordId}`,
      objectType: entityName,
      recordId,
      kind,
      occurredAtMs: header.commitTimestampMs,
      order: header.order,
      fields: values.fields,
      complete,
      source: 'stream',
      actor,
    }
    events.push(event)
    if (values.unclear || lacksClosing(event) || (form.isInTwoRows && kind === 'changed' && !actor.ours)) {
      events.push({ ...event, dedupeKey: `${event.dedupeKey}/unclear`, kind: 'gap', fields: {}, complete: false })
    }
  }
  return { events, overflow: null, skipped: null }
}

/**
 * Salesforce works out whether a task is closed from its status, and its change events do not say it. So a task that
 * changed is read; one that is not ours is left alone before that.
 */
function lacksClosing({ objectType, kind, fields }: ChangeEvent): boolean {
  return objectType === SALESFORCE.taskObject && kind === 'changed' && !(SALESFORCE.taskClosed.field in fields)
}

/**
 * A person account's own change events lack what its contact holds, its e-mail among it: those of the org without person
 * accounts are whole, and in the others an account that somebody changed is read. What we cannot describe we cannot read.
 */
function formOf(
  objectType: string,
  { types, watched = [] }: StreamContext,
): { readonly absent: readonly string[]; readonly isInTwoRows: boolean } {
  const shape = SALESFORCE.objects[objectType]
  if (types === undefined) return { absent: [], isInTwoRows: false }
  const absent = absentFields(shape, types)
  const isInTwoRows = shape?.asPerson !== undefined && absentForm(shape, types.keys()).size === 0
  return { absent: watched.filter((name) => absent.has(name)), isInTwoRows }
}

/**
 * Every field is in the message and an unchanged one is null, so null means "cleared" only where nulledFields names it.
 * `unclear`: a field changed and its new value is not in the message (a text diff), so the record has to be read.
 */
function readValues(
  header: Header,
  body: Readonly<Record<string, unknown>>,
  fields: readonly SchemaField[],
  kind: ChangeKind,
  context: StreamContext,
): { fields: Record<string, FieldText>; unclear: boolean } {
  const values: Record<string, FieldText> = {}
  const update = kind === 'changed'
  let unclear = false
  const put = (path: string, name: string, value: unknown, parent: string | null) => {
    const within = (set: ReadonlySet<string>) => set.has(path) || (parent !== null && set.has(parent))
    if (within(header.diff)) unclear = true
    else if (value !== null && value !== undefined) values[name] = fieldText(value, typeFor(name, context))
    else if (!update || within(header.nulled)) values[name] = null
    else if (header.changed.has(path)) unclear = true
  }
  for (const { name, children } of fields.slice(1)) {
    const value = body[name]
    // Nearly every field of nearly every update is neither mentioned nor present.
    if (update && value == null && !header.touched.has(name)) continue
    // Account.Name may be declared as text or person; then the value decides, and an absent one is the plain field.
    const compound = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
    const cleared = header.nulled.has(name) || children.some((part) => header.nulled.has(`${name}.${part}`))
    if (update && children.length > 0 && value == null && header.changed.has(name) && !cleared) unclear = true
    // REST joins the parts of a person's name by its own rules, so a policy that reads the whole name needs a read.
    if (update && children.length > 0 && compound !== null && context.watched?.includes(name)) unclear = true
    if (children.length === 0 || (value !== null && value !== undefined && compound === null))
      put(name, name, value, null)
    else for (const part of children) put(`${name}.${part}`, partName(name, part), compound?.[part], name)
  }
  return { fields: values, unclear }
}

/**
 * REST's name of a compound's part: BillingAddress.City is BillingCity, Address.City is City, Name.FirstName is FirstName.
 * A custom address or geolocation Site__c has Site__City__s and Site__Latitude__s. An org sends all parts of a custom
 * geolocation when one changed, and only that one of a standard one; what is not sent is null and stays as it is.
 */
function partName(compound: string, part: string): string {
  if (compound.endsWith('__c')) return `${compound.slice(0, -1)}${part}__s`
  if (compound === 'Name' || PERSON_PARTS.has(part)) return part
  return compound.endsWith('Address') ? compound.slice(0, -'Address'.length) + part : `${compound}${part}`
}

function typeFor(name: string, context: StreamContext): FieldType | undefined {
  const known = context.types?.get(name)
  if (known !== undefined) return known
  if (DAYS.has(name)) return 'day'
  return /(?:Date|Datetime|Modstamp)$/i.test(name) ? 'instant' : undefined
}

function readActor(header: Header, { ours }: StreamContext): ChangeActor {
  const { changeOrigin } = header
  const id = longId(header.commitUser)
  // Collections are not on the documented list of calls that carry the client name, so the user counts as well.
  const name = `;client=${ours.client}`
  const named = changeOrigin.endsWith(name) || changeOrigin.endsWith(`${name}/`)
  if (named || sameId(id, ours.userId)) return { kind: 'integration', id, ours: true }
  if (changeOrigin.includes('client=SfdcInternalAPI')) return { kind: 'person', id, ours: false }
  if (/\/api\/apex\b/.test(changeOrigin)) return { kind: 'automation', id, ours: false }
  return { kind: changeOrigin.startsWith('com/salesforce/api/') ? 'integration' : 'unknown', id, ours: false }
}

/** One transaction makes at most 100,000 events, so a sequence number has room in 17 bits; 36 are left for commits. */
const SEQUENCE_BITS = 17
const COMMIT_BITS = 36

/**
 * Two transactions of one second have the same time, and both count from 1, so the commit number decides which is later.
 * It rises, and wraps here only after more commits than any second has. Salesforce calls it diagnostic, because it restarts
 * when an org moves to another instance; there the time of the commit decides.
 */
function orderOf(commitNumber: unknown, sequenceNumber: number): number {
  const commit = typeof commitNumber === 'bigint' ? Number(BigInt.asUintN(COMMIT_BITS, commitNumber)) : 0
  const inTransaction = Number.isSafeInteger(sequenceNumber) ? sequenceNumber : 0
  return commit * 2 ** SEQUENCE_BITS + Math.min(Math.max(inTransaction, 0), 2 ** SEQUENCE_BITS - 1)
}

/** Reads the header of a decoded message; throws where it lacks what identifies the event. */
export function readHeader(raw: unknown, fields: readonly SchemaField[]): Header {
  const header = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  const { entityName, transactionKey, recordIds } = header
  if (typeof entityName !== 'string' || typeof transactionKey !== 'string' || !Array.isArray(recordIds)) {
    throw new Error('a change event without entity, transaction or record ids')
  }
  const commitTimestampMs = Number(header.commitTimestamp)
  if (!isInstant(commitTimestampMs)) throw new Error('a change event without its time')
  const names = (list: unknown) => (Array.isArray(list) ? bitmapNames(list.map(String), fields) : [])
  const nulled = names(header.nulledFields)
  const diff = names(header.diffFields)
  const changed = names(header.changedFields)
  const sequenceNumber = Number(header.sequenceNumber ?? 0)
  return {
    // A batch that the database refuses would come again from the same place forever.
    entityName: storable(entityName),
    recordIds: recordIds.map(String),
    changeType: storable(String(header.changeType)),
    changeOrigin: String(header.changeOrigin ?? ''),
    transactionKey: storable(transactionKey),
    sequenceNumber: Number.isSafeInteger(sequenceNumber) ? sequenceNumber : 0,
    order: orderOf(header.commitNumber, sequenceNumber),
    commitTimestampMs,
    commitUser: String(header.commitUser ?? ''),
    nulled: new Set(nulled),
    diff: new Set(diff),
    changed: new Set(changed),
    touched: new Set([...nulled, ...diff, ...changed].map((path) => path.split('.', 1)[0]!)),
  }
}
