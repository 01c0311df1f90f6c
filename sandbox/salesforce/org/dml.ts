import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError, notFound } from './api-error.ts'
import { deriveFields } from './derived-fields.ts'
import { assignedOwner } from './lead-assignment-rule.ts'
import { isLive, type Org } from './org.ts'
import { checkPersonWrite, isPersonAccount, makePerson, putPersonContact } from './person-accounts.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'
import { type RowFault, throwRowFault } from './row-fault.ts'
import {
  checkAccess,
  checkReferences,
  checkRequired,
  checkTaskLinks,
  checkUnique,
  readWriteBody,
} from './write-checks.ts'

/** The user who writes, and the write's origin and options. */
export type Writer = {
  readonly userId: string
  readonly origin: string
  /** The `Sforce-Auto-Assign` header; default TRUE. */
  readonly autoAssign: boolean
  /** A fault from the control path that hits rows rather than the whole request. */
  readonly rowFault: RowFault | null
}

type Draft = { Id: string; [field: string]: FieldValue }

/** `seen` is the org with the caller's permissions, which decide what it may write. Rules use the whole org. */
export function createRecord(
  seenOrg: Org,
  writer: Writer,
  seen: ObjectDefinition,
  body: Readonly<Record<string, unknown>>,
): string {
  const { org, object } = wholeOf(seenOrg, seen)
  if (!seen.createable) throw cannot(object, object.createable, 'create')
  return org.store.transaction(writer, () => {
    const values = readWriteBody(seen, body, 'create')
    const nowMs = org.store.transactionTimeMs()
    const draft: Draft = { Id: org.ids.take(object.keyPrefix) }
    for (const field of object.fields.values()) {
      if (field.type === 'address' || field.name === 'Id') continue
      draft[field.name] = values.get(field.name) ?? field.defaultValue
    }
    if (object.fields.get('OwnerId')?.createable) draft.OwnerId ??= writer.userId
    draft.CreatedDate = nowMs
    draft.CreatedById = writer.userId
    stamp(draft, writer, nowMs)
    makePerson(org, object.name, values, draft)
    checkPersonWrite(object.name, draft, values)
    deriveFields(org, object.name, null, draft, nowMs)
    throwRowFault(writer.rowFault, object, draft.Id)
    checkAccess(seenOrg, object, null, draft)
    checkAll(org, object, null, draft, new Set())
    org.store.put(object.name, 'CREATE', draft)
    if (object.name === 'Account') putPersonContact(org, draft)
    if (object.name === 'User') addLogin(org, draft)
    assign(org, writer, object, draft)
    return draft.Id
  })
}

/** Each user has one login row, which nobody creates by hand. */
function addLogin(org: Org, user: Draft): void {
  const login: Draft = { Id: org.ids.take(org.catalog.get('UserLogin')!.keyPrefix), UserId: user.Id }
  for (const name of ['CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById', 'SystemModstamp']) {
    login[name] = user[name] ?? null
  }
  org.store.put('UserLogin', 'CREATE', { ...login, IsFrozen: false, IsPasswordLocked: false })
}

export function updateRecord(
  seenOrg: Org,
  writer: Writer,
  seen: ObjectDefinition,
  id: string,
  body: Readonly<Record<string, unknown>>,
): void {
  const { org, object } = wholeOf(seenOrg, seen)
  if (!seen.updateable) throw cannot(object, object.updateable, 'update')
  org.store.transaction(writer, () => {
    if (seenOrg.store.isHidden(id)) throw notFound()
    const before = liveRecord(org, object, id)
    const values = readWriteBody(seen, body, 'update')
    const nowMs = org.store.transactionTimeMs()
    const draft: Draft = { ...before }
    for (const [name, value] of values) {
      draft[name] = value === null && object.fields.get(name)?.type === 'boolean' ? false : value
    }
    stamp(draft, writer, nowMs)
    checkPersonWrite(object.name, draft, values)
    deriveFields(org, object.name, before, draft, nowMs)
    throwRowFault(writer.rowFault, object, id)
    if (object.name === 'Lead' && before.IsConverted === true) {
      throw new ApiError(400, 'CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead', [])
    }
    checkAccess(seenOrg, object, before, draft)
    checkAll(org, object, before, draft, new Set(values.keys()))
    org.store.put(object.name, 'UPDATE', draft)
    if (object.name === 'Account') putPersonContact(org, draft)
    assign(org, writer, object, draft)
  })
}

export function deleteRecord(seenOrg: Org, writer: Writer, seen: ObjectDefinition, id: string): void {
  const { org, object } = wholeOf(seenOrg, seen)
  if (!seen.deletable) throw cannot(object, object.deletable, 'delete')
  org.store.transaction(writer, () => {
    if (seenOrg.store.isHidden(id)) throw notFound()
    const before = liveRecord(org, object, id)
    throwRowFault(writer.rowFault, object, id)
    if (object.name === 'Contact' && isPersonAccount(before)) throw cannot(object, true, 'delete')
    if (!object.fields.has('IsDeleted')) {
      org.store.remove(object.name, id)
      return
    }
    markDeleted(org, writer, object.name, before, null)
    if (object.name === 'Account')
      cascade(org, writer, id, [
        ['Contact', 'AccountId'],
        ['Opportunity', 'AccountId'],
      ])
    cascade(org, writer, id, [
      // Not restored: it bypassed the recycle bin.
      ['ObjectTerritory2Association', 'ObjectId'],
      ['Task', 'WhatId'],
      ['Task', 'WhoId'],
    ])
  })
}

/** Deletes contacts and opportunities with their account, tasks and territory assignments with their record. */
function cascade(org: Org, writer: Writer, parentId: string, children: readonly (readonly [string, string])[]): void {
  for (const [object, field] of children) {
    for (const child of [...org.store.table(object).values()]) {
      if (child[field] !== parentId || !isLive(child)) continue
      markDeleted(org, writer, object, child, null)
      if (object !== 'Task')
        cascade(org, writer, child.Id, [
          ['Task', 'WhatId'],
          ['Task', 'WhoId'],
        ])
    }
  }
}

/** Moves a record to the recycle bin. `masterId` names the survivor of a merge. */
export function markDeleted(
  org: Org,
  writer: Writer,
  object: string,
  before: StoredRecord,
  masterId: string | null,
): void {
  const draft: Draft = { ...before, IsDeleted: true }
  if (masterId !== null) draft.MasterRecordId = masterId
  stamp(draft, writer, org.store.transactionTimeMs())
  org.store.put(object, 'DELETE', draft)
}

export function undeleteRecord(org: Org, writer: Writer, object: ObjectDefinition, id: string): void {
  org.store.transaction(writer, () => {
    const before = org.store.get(object.name, id)
    if (!object.undeletable || before?.IsDeleted !== true) {
      throw new ApiError(400, 'UNDELETE_FAILED', 'Entity is not in the recycle bin', [])
    }
    const deletedAt = before.SystemModstamp
    restore(org, writer, object.name, before)
    // Records deleted together with this one are restored with it.
    for (const [child, fields] of [
      ['Contact', ['AccountId']],
      ['Opportunity', ['AccountId']],
      ['Task', ['WhatId', 'WhoId']],
    ] as const) {
      for (const row of [...org.store.table(child).values()]) {
        if (row.IsDeleted !== true || row.SystemModstamp !== deletedAt || !fields.some((field) => row[field] === id))
          continue
        restore(org, writer, child, row)
      }
    }
  })
}

function restore(org: Org, writer: Writer, object: string, before: StoredRecord): void {
  const draft: Draft = { ...before, IsDeleted: false }
  stamp(draft, writer, org.store.transactionTimeMs())
  org.store.put(object, 'UNDELETE', draft)
}

export function liveRecord(org: Org, object: ObjectDefinition, id: string): StoredRecord {
  const record = org.store.get(object.name, id)
  if (!record) throw notFound()
  if (!isLive(record)) throw new ApiError(404, 'ENTITY_IS_DELETED', 'entity is deleted', [])
  return record
}

function stamp(draft: Draft, writer: Writer, nowMs: number): void {
  draft.LastModifiedDate = nowMs
  draft.LastModifiedById = writer.userId
  draft.SystemModstamp = nowMs
}

function checkAll(
  org: Org,
  object: ObjectDefinition,
  before: StoredRecord | null,
  draft: StoredRecord,
  touched: ReadonlySet<string>,
): void {
  checkRequired(object, draft, touched)
  checkReferences(org, object, before, draft, touched)
  checkUnique(org, object, draft)
  if (object.name === 'Task') checkTaskLinks(draft)
}

/** The assignment rule runs after the write, inside its transaction: one event with the final owner. */
function assign(org: Org, writer: Writer, object: ObjectDefinition, saved: StoredRecord): void {
  if (object.name !== 'Lead' || !writer.autoAssign) return
  const owner = assignedOwner(org, saved)
  if (owner === null || owner === saved.OwnerId) return
  org.store.put('Lead', 'UPDATE', { ...saved, OwnerId: owner })
}

function wholeOf(seenOrg: Org, seen: ObjectDefinition): { org: Org; object: ObjectDefinition } {
  const org = seenOrg.whole ?? seenOrg
  return { org, object: org.catalog.get(seen.name) ?? seen }
}

/** The refusal of a verb: the caller lacks the permission, or the object does not support the verb. */
function cannot(object: ObjectDefinition, anyoneCan: boolean, verb: 'create' | 'update' | 'delete'): ApiError {
  if (!anyoneCan) return unsupported(object, verb)
  if (verb === 'create') {
    const message = `entity type cannot be inserted: ${object.label}`
    return new ApiError(400, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message, [])
  }
  return new ApiError(400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', [])
}

function unsupported(object: ObjectDefinition, verb: string): ApiError {
  return new ApiError(400, 'INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} does not support ${verb}`, [])
}
