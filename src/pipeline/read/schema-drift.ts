import type { CrmClient } from '../../crm/crm-client.ts'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { Policy, PolicyVersion } from '../../model/policy/policy.ts'
import { valuesNamed, valuesNamedByPolicies } from '../../model/policy/values-named.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import { objectShape, watchedObjects } from '../../model/record/object-shape.ts'
import { absentForm, hiddenAmong } from '../../model/record/person-form.ts'
import { type FieldDrift, findDrift } from '../../model/record/schema-drift.ts'
import type { NoticeBoard, NoticeCode, NoticeConnection } from '../../notices/notice-board.ts'
import type { SeenFields } from '../../notices/seen-fields.ts'
import { type About, ENDINGS, SENTENCES, type Sentence } from '../../notices/texts.ts'
import { noteHomeCurrency } from '../../store/connections/home-currency.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { queueRedecisionEverywhere } from '../../store/decisions/redecide-queue.ts'
import { saveSchema } from '../../store/records/object-schemas.ts'
import { type KnownSchema, knownSchemas, saveDrift } from '../../store/records/schema-drift.ts'
import { resyncObjects } from '../../store/records/watermarks.ts'
import { isOfOneObject, noteRefusedObject } from './unreadable-object.ts'

export type DriftDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: NoticeConnection & { readonly id: ConnectionId }
  /** The workflows in force. */
  readonly workflows: readonly { readonly version: PolicyVersion }[]
  readonly fieldsOf: (
    crm: Crm,
    objectType: string,
  ) => { readonly fields: readonly string[]; readonly ours?: readonly string[] }
  readonly board: NoticeBoard
  /** Which fields of an object the latest pages showed or hid. */
  readonly seenOf: (objectType: string) => SeenFields
}

/**
 * M53: reads the schema of every watched object again and compares it with the one the workflows were written for. Where a
 * field drifted or came back, a notice says so and the cases that need it are decided again. Returns the changed objects.
 */
export async function checkDrift(deps: DriftDependencies): Promise<readonly string[]> {
  const { db, connection } = deps
  const known = new Map((await knownSchemas(db, connection.id)).map((schema) => [schema.objectType, schema]))
  const changed: string[] = []
  for (const objectType of watchedObjects(connection.crm)) {
    const before = known.get(objectType)
    // Of a task only its status matters. For a refused object, the poll finds out when it can be read again.
    if (before?.isRefused || objectShape(connection.crm, objectType)?.about === 'task') continue
    const current = await describe(deps, objectType)
    if (current === null) continue
    if (before === undefined) {
      await saveFirst(deps, objectType, current)
      continue
    }
    const after = compare(deps, before, current)
    raiseAndEnd(deps, before, after)
    const isNewForm = hasNewForm(connection.crm, before, after)
    const isNews = isNewForm || !sameStanding(before, after)
    if (!isNews && canonicalJson(before.fields) === canonicalJson(after.fields)) continue
    if (isNews) changed.push(objectType)
    await inTransaction(db, async (trx) => {
      await saveDrift(trx, connection.id, after)
      if (!isNews) return
      // No event carries the changes from the time when a field was missing.
      const { fields: needed } = deps.fieldsOf(connection.crm, objectType)
      const isBack = before.unreadable.some((field) => needed.includes(field) && !after.unreadable.includes(field))
      if (isBack || isNewForm || isRespelled(before, after)) await resyncObjects(trx, connection.id, [objectType])
      await queueRedecisionEverywhere(trx)
    })
  }
  return changed
}

/** The import ended without a schema: this one is what later checks compare with. */
async function saveFirst(deps: DriftDependencies, objectType: string, current: readonly FieldSchema[]): Promise<void> {
  const { db, connection } = deps
  const { fields: needed, ours = [] } = deps.fieldsOf(connection.crm, objectType)
  const present = new Set(current.map(({ name }) => name))
  const unreadable = hiddenAmong(objectShape(connection.crm, objectType), needed, present)
  await inTransaction(db, async (trx) => {
    await saveSchema(trx, connection.id, { objectType, fields: current }, unreadable, [...needed, ...ours])
    if (unreadable.length > 0) await queueRedecisionEverywhere(trx)
  })
}

/** An admin turned several currencies on, or made another one the company's. */
async function noteCurrency({ db, connection }: DriftDependencies, currency: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    if (await noteHomeCurrency(trx, connection.id, currency)) await queueRedecisionEverywhere(trx)
  })
}

/** Null: the CRM refuses the object, and a notice says so. */
async function describe(deps: DriftDependencies, objectType: string): Promise<readonly FieldSchema[] | null> {
  try {
    const { fields, homeCurrency } = await deps.client.describe(objectType)
    if (homeCurrency !== undefined) await noteCurrency(deps, homeCurrency)
    return fields
  } catch (error) {
    if (!isOfOneObject(error)) throw error
    await noteRefusedObject(deps, objectType, error)
    return null
  }
}

function compare(deps: DriftDependencies, before: KnownSchema, current: readonly FieldSchema[]): KnownSchema {
  const { crm } = deps.connection
  const { objectType } = before
  const policies = deps.workflows.map(({ version }) => version.policy)
  const inForce = new Set(deps.workflows.map(({ version }) => version.hash))
  const fields = deps.fieldsOf(crm, objectType).fields
  const present = new Set(current.map(({ name }) => name))
  const hidden = new Set(hiddenAmong(objectShape(crm, objectType), fields, present))
  const isWithheld = withheldOf(before, deps.seenOf(objectType))
  const drift = findDrift({
    known: before.fields,
    drifted: before.drift,
    current,
    needed: new Map(
      fields.map((field) => [field, usersOf(deps, objectType, field).map(({ version }) => version.hash)]),
    ),
    named: valuesNamed(policies, crm, objectType),
    namedByPolicies: valuesNamedByPolicies(policies, crm, objectType),
    isInForce: (hash) => inForce.has(hash),
  })
  return {
    objectType,
    isRefused: false,
    fields: current,
    unreadable: fields.filter((field) => hidden.has(field) || isWithheld(field)),
    drift,
  }
}

/**
 * True: the CRM describes the field but hides its values from us, until a page shows one. A field that the CRM did not
 * describe before and does now counts as readable.
 */
function withheldOf(before: KnownSchema, { shown, hidden }: SeenFields): (field: string) => boolean {
  const described = new Set(before.fields.map(({ name }) => name))
  const unreadable = new Set(before.unreadable)
  return (field) => described.has(field) && !shown.has(field) && (unreadable.has(field) || hidden.has(field))
}

/** The workflows that use the field. */
function usersOf({ workflows, connection }: DriftDependencies, objectType: string, field: string) {
  return workflows.filter(
    ({ version: { policy } }) =>
      watches(policy, connection.crm, objectType) &&
      fieldsNeeded([policy], connection.crm, objectType).fields.includes(field),
  )
}

/** A workflow uses the accounts and deals of a CRM in every decision there. */
function watches({ objects }: Policy, crm: Crm, objectType: string): boolean {
  const isOfAll = objectShape(crm, objectType)?.about !== 'person'
  return objects.some((ref) => ref.crm === crm && (isOfAll || ref.object === objectType))
}

function raiseAndEnd(deps: DriftDependencies, before: KnownSchema, after: KnownSchema): void {
  const { board, connection } = deps
  const { objectType } = after
  const subjectOf = ({ field }: FieldDrift) => `${objectType}.${field}`
  for (const drift of before.drift) {
    if (after.drift.some((now) => now.field === drift.field && now.kind === drift.kind)) continue
    const message = ENDINGS.drift({ ...connection, object: objectType, field: drift.field })
    board.end(connection.id, CODE[drift.kind], subjectOf(drift), message)
  }
  for (const drift of after.drift) {
    const known = before.drift.find((one) => one.field === drift.field && one.kind === drift.kind)
    // A notice when drift is found and when it changes, instead of one with every check.
    if (known !== undefined && canonicalJson(known) === canonicalJson(drift)) continue
    const workflows = usersOf(deps, objectType, drift.field).map(({ version }) => version.policy.title)
    board.raise(
      connection,
      { code: CODE[drift.kind], subject: subjectOf(drift) },
      sentenceOf(drift, { ...connection, object: objectType, field: drift.field, workflows }),
    )
  }
}

const CODE: Readonly<Record<FieldDrift['kind'], NoticeCode>> = {
  removed: 'field-removed',
  retyped: 'field-retyped',
  'option-removed': 'option-removed',
}

function sentenceOf(
  drift: FieldDrift,
  about: About & { object: string; field: string; workflows: readonly string[] },
): Sentence {
  switch (drift.kind) {
    case 'removed':
      return SENTENCES['field-removed']({ ...about, maybe: drift.maybe })
    case 'retyped':
      return SENTENCES['field-retyped']({ ...about, was: drift.was.type, now: drift.now })
    case 'option-removed':
      return SENTENCES['option-removed']({ ...about, options: drift.gone })
  }
}

/** The same fields can be used as before. Stored JSON comes back with its keys in another order, so values are compared. */
function sameStanding(before: KnownSchema, after: KnownSchema): boolean {
  return (
    canonicalJson(before.drift) === canonicalJson(after.drift) &&
    [...before.unreadable].sort().join() === [...after.unreadable].sort().join()
  )
}

/** Persons were turned on among its accounts: every record was read without the fields that tell them apart. */
function hasNewForm(crm: Crm, before: KnownSchema, after: KnownSchema): boolean {
  const shape = objectShape(crm, after.objectType)
  const isWithout = ({ fields }: KnownSchema) =>
    absentForm(
      shape,
      fields.map(({ name }) => name),
    ).size > 0
  return isWithout(before) && !isWithout(after)
}

/** A field whose type changed, or changed back, has its values written in another format. */
function isRespelled(before: KnownSchema, after: KnownSchema): boolean {
  const types = new Map(before.fields.map(({ name, type }) => [name, type]))
  const needed = new Set([...before.drift, ...after.drift].map(({ field }) => field))
  return after.fields.some(({ name, type }) => needed.has(name) && types.has(name) && types.get(name) !== type)
}
