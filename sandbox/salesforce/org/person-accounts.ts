import { CONTACT_FIELD_OF, SHARED_WITH_CONTACT } from '../catalog/person-account-fields.ts'
import { personName } from './address.ts'
import { ApiError } from './api-error.ts'
import { isLive, type Org } from './org.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'

type Draft = { Id: string; [field: string]: FieldValue }

/**
 * A person account is an account and a contact in one. A write to the account also writes the contact, in the same
 * transaction and with an event of its own; the contact alone cannot be written.
 */
export function isPersonAccount(record: StoredRecord | null | undefined): boolean {
  return record?.IsPersonAccount === true
}

/** An account that is created with a last name is a person, and needs no name of a business. */
export function makePerson(org: Org, object: string, values: ReadonlyMap<string, FieldValue>, draft: Draft): void {
  if (object !== 'Account' || (values.get('LastName') ?? null) === null) return
  draft.IsPersonAccount = true
  draft.PersonContactId = org.ids.take(org.catalog.get('Contact')!.keyPrefix)
}

/** The refusals of writes that mix the two kinds, or write the contact of a person account. */
export function checkPersonWrite(object: string, draft: StoredRecord, values: ReadonlyMap<string, FieldValue>): void {
  if (object === 'Contact' && isPersonAccount(draft)) {
    throw new ApiError(400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'the contact of a person account is read-only', [])
  }
  if (object !== 'Account') return
  const wrong = isPersonAccount(draft)
    ? [...values.keys()].filter((name) => name === 'Name')
    : [...values]
        .filter(([name, value]) => value !== null && value !== false && CONTACT_FIELD_OF.has(name))
        .map(([name]) => name)
  if (wrong.length === 0) return
  const message = `Account: bad field names on insert/update call: ${wrong.join(', ')}`
  throw new ApiError(400, 'INVALID_FIELD_FOR_INSERT_UPDATE', message, wrong)
}

export function namePerson(draft: Draft): void {
  if (isPersonAccount(draft)) draft.Name = personName(draft.FirstName, draft.LastName)
}

/** Writes the contact as its account says. Every change of the account is one of the contact too. */
export function putPersonContact(org: Org, account: StoredRecord): void {
  if (!isPersonAccount(account)) return
  const id = String(account.PersonContactId)
  const before = org.store.get('Contact', id)
  if (before !== undefined && !isLive(before)) return
  org.store.put('Contact', before === undefined ? 'CREATE' : 'UPDATE', personContact(org, account, before))
}

export function personContact(org: Org, account: StoredRecord, before: StoredRecord | undefined): StoredRecord {
  const contact: Draft = { Id: String(account.PersonContactId) }
  for (const field of org.catalog.get('Contact')!.fields.values()) {
    if (field.type !== 'address' && field.name !== 'Id')
      contact[field.name] = before?.[field.name] ?? field.defaultValue
  }
  for (const [own, name] of CONTACT_FIELD_OF) if (name in contact) contact[name] = account[own] ?? null
  for (const name of SHARED_WITH_CONTACT) contact[name] = account[name] ?? null
  for (const name of ['CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById', 'SystemModstamp']) {
    contact[name] = account[name] ?? null
  }
  return { ...contact, AccountId: account.Id, IsPersonAccount: true, IsDeleted: false, Name: account.Name ?? null }
}
