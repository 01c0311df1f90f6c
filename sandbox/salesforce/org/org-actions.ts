import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { CONVERTED_LEAD_STATUS } from '../catalog/picklists.ts'
import { ApiError } from './api-error.ts'
import { deriveFields } from './derived-fields.ts'
import { createRecord, deleteRecord, liveRecord, markDeleted, undeleteRecord, type Writer } from './dml.ts'
import { isLive, type Org, objectOfId, textOf } from './org.ts'
import { normaliseId } from './record-id.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'

/** Actions of the user interface that REST does not offer. */
export const UI_ORIGIN = 'com/salesforce/api/soap/67.0;client=SfdcInternalAPI/'

export function personWriter(userId: string): Writer {
  return { userId, origin: UI_ORIGIN, autoAssign: false, rowFault: null }
}

type Body = Readonly<Record<string, unknown>>

/** `POST /__sandbox/actions {action, ...}`; `userId` is who does it, by default the first active user. */
export function runOrgAction(org: Org, body: Body): object {
  const userId = typeof body.userId === 'string' ? body.userId : firstActiveUser(org)
  const writer = personWriter(userId)
  switch (body.action) {
    case 'convert-lead':
      return convertLead(org, writer, idOf(body.recordId), body.withOpportunity !== false)
    case 'merge':
      mergeRecords(org, writer, idOf(body.recordId), ((body.mergedIds ?? []) as unknown[]).map(idOf))
      return { merged: true }
    case 'delete':
      deleteRecord(org, writer, objectFor(org, idOf(body.recordId)), idOf(body.recordId))
      return { deleted: true }
    case 'undelete':
      undeleteRecord(org, writer, objectFor(org, idOf(body.recordId)), idOf(body.recordId))
      return { undeleted: true }
    case 'purge': {
      const id = idOf(body.recordId)
      org.store.purge(objectFor(org, id).name, id)
      return { purged: true }
    }
    case 'advance-clock':
      org.clock.advance(Number(body.ms))
      return { nowMs: org.clock.now() }
    default:
      throw new Error(`Unknown action "${String(body.action)}"`)
  }
}

function firstActiveUser(org: Org): string {
  for (const user of org.store.table('User').values()) if (user.IsActive === true) return user.Id
  throw new Error('The org has no active user')
}

function idOf(raw: unknown): string {
  const id = normaliseId(String(raw))
  if (id === null) throw new Error(`"${String(raw)}" is no record id`)
  return id
}

function objectFor(org: Org, id: string): ObjectDefinition {
  const object = objectOfId(org, id)
  if (!object) throw new Error(`No object has the id prefix ${id.slice(0, 3)}`)
  return object
}

/** Creates account, contact and (usually) opportunity and closes the lead, all in one transaction. */
export function convertLead(org: Org, writer: Writer, leadId: string, withOpportunity: boolean): object {
  return org.store.transaction(writer, () => {
    const lead = liveRecord(org, org.catalog.get('Lead')!, leadId)
    if (lead.IsConverted === true) throw new ApiError(400, 'CANNOT_UPDATE_CONVERTED_LEAD', 'already converted')
    const ownerId = textOf(lead, 'OwnerId').startsWith('005') ? lead.OwnerId : writer.userId
    const create = (object: string, values: Record<string, unknown>): string =>
      createRecord(org, writer, org.catalog.get(object)!, { OwnerId: ownerId, ...values })
    const accountId = create('Account', {
      Name: lead.Company,
      Phone: lead.Phone,
      Website: lead.Website,
      Industry: lead.Industry,
      NumberOfEmployees: lead.NumberOfEmployees,
      BillingCity: lead.City,
      BillingCountry: lead.Country,
      Territory__c: lead.Territory__c,
    })
    const contactId = create('Contact', {
      AccountId: accountId,
      FirstName: lead.FirstName,
      LastName: lead.LastName,
      Email: lead.Email,
      Phone: lead.Phone,
      MailingCity: lead.City,
      MailingCountry: lead.Country,
    })
    const nowMs = org.store.transactionTimeMs()
    const closeDate = new Date(nowMs + 90 * 86_400_000).toISOString().slice(0, 10)
    const opportunityId = withOpportunity
      ? create('Opportunity', {
          AccountId: accountId,
          Name: `${textOf(lead, 'Company').slice(0, 118)}-`,
          StageName: 'Prospecting',
          CloseDate: closeDate,
        })
      : null
    org.store.put('Lead', 'UPDATE', {
      ...lead,
      Status: CONVERTED_LEAD_STATUS,
      IsConverted: true,
      ConvertedDate: new Date(nowMs).toISOString().slice(0, 10),
      ConvertedAccountId: accountId,
      ConvertedContactId: contactId,
      ConvertedOpportunityId: opportunityId,
      LastModifiedDate: nowMs,
      LastModifiedById: writer.userId,
      SystemModstamp: nowMs,
    })
    moveTasksOfLead(org, writer, leadId, { contactId, whatId: opportunityId ?? accountId, ownerId: ownerId ?? null })
    return { accountId, contactId, opportunityId }
  })
}

/** Moves the losers to the recycle bin with MasterRecordId, and their children to the survivor. */
export function mergeRecords(org: Org, writer: Writer, masterId: string, loserIds: readonly string[]): void {
  org.store.transaction(writer, () => {
    const object = objectFor(org, masterId)
    if (!object.fields.has('MasterRecordId')) throw new ApiError(400, 'INVALID_TYPE', `${object.name} cannot be merged`)
    const master = liveRecord(org, object, masterId)
    const nowMs = org.store.transactionTimeMs()
    const stampNow = { LastModifiedDate: nowMs, LastModifiedById: writer.userId, SystemModstamp: nowMs }
    for (const loserId of loserIds) {
      if (loserId === masterId) throw new ApiError(400, 'INVALID_ID_FIELD', 'A record cannot be merged with itself')
      markDeleted(org, writer, object.name, liveRecord(org, object, loserId), masterId)
      if (object.name === 'Account') {
        for (const child of ['Contact', 'Opportunity']) {
          for (const row of [...org.store.table(child).values()]) {
            if (row.AccountId !== loserId || !isLive(row)) continue
            org.store.put(child, 'UPDATE', { ...row, AccountId: masterId, ...stampNow })
          }
        }
      }
      moveTasks(org, writer, loserId, masterId)
    }
    org.store.put(object.name, 'UPDATE', { ...master, ...stampNow })
  })
}

/** The survivor of a merge takes over the tasks of the losers, open and closed. */
function moveTasks(org: Org, writer: Writer, fromId: string, toId: string): void {
  for (const task of tasksOn(org, fromId)) {
    putTask(org, writer, task, {
      WhoId: task.WhoId === fromId ? toId : (task.WhoId ?? null),
      WhatId: task.WhatId === fromId ? toId : (task.WhatId ?? null),
    })
  }
}

/**
 * A conversion hangs the lead's tasks on the contact and on the opportunity, or the account where none was made. Open
 * tasks of the user who converts go to the new owner; the tasks of others stay with them.
 */
function moveTasksOfLead(
  org: Org,
  writer: Writer,
  leadId: string,
  to: { readonly contactId: string; readonly whatId: string; readonly ownerId: FieldValue },
): void {
  for (const task of tasksOn(org, leadId)) {
    const isHandedOver = task.IsClosed !== true && task.OwnerId === writer.userId
    putTask(org, writer, task, {
      WhoId: to.contactId,
      WhatId: to.whatId,
      OwnerId: isHandedOver ? to.ownerId : (task.OwnerId ?? null),
    })
  }
}

function tasksOn(org: Org, recordId: string): StoredRecord[] {
  const tasks = [...org.store.table('Task').values()]
  return tasks.filter((task) => isLive(task) && (task.WhoId === recordId || task.WhatId === recordId))
}

function putTask(
  org: Org,
  writer: Writer,
  task: StoredRecord,
  change: Readonly<Record<'WhoId' | 'WhatId', FieldValue>> & { readonly OwnerId?: FieldValue },
): void {
  const nowMs = org.store.transactionTimeMs()
  const stamps = { LastModifiedDate: nowMs, LastModifiedById: writer.userId, SystemModstamp: nowMs }
  const moved = { ...task, ...change, ...stamps }
  deriveFields(org, 'Task', task, moved, nowMs)
  org.store.put('Task', 'UPDATE', moved)
}
