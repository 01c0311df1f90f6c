import type { ObjectShape } from './crm-profile.ts'
import type { CrmRecord } from './crm-record.ts'
import { knownValue } from './field-value.ts'
import { type Truth, Unknown } from './knowledge.ts'
import { objectShape } from './object-shape.ts'

/**
 * Whether the record is a person: always for a person's object; for an account as its own flag says, and unknown while
 * that flag is. An account whose CRM has no persons among its accounts says blank there, which is a business.
 */
export function isPerson(record: CrmRecord): Truth {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.asPerson === undefined) return shape?.about === 'person'
  const flag = knownValue(record, shape.asPerson.flag)
  return flag instanceof Unknown ? flag : flag === 'true'
}

/** The shape of this record: of an account that is a person, the person's. Of one that may be, the business's. */
export function recordShape(record: CrmRecord): ObjectShape | undefined {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.asPerson === undefined || isPerson(record) !== true) return shape
  return personShape(shape, record)
}

/** What a person among the accounts has of the shape. It is its own account still: its role does not change. */
function personShape(shape: ObjectShape, record: CrmRecord): ObjectShape {
  const { noun, email, phones, country } = shape.asPerson!
  const billed = shape.country === null ? null : knownValue(record, shape.country)
  return {
    ...shape,
    about: 'person',
    noun,
    email,
    phones: [...shape.phones, ...phones],
    domain: null,
    companyName: null,
    country: billed === null ? country : shape.country,
    // That of another address would be read in the wrong country.
    state: billed === null ? null : shape.state,
    employees: null,
    parent: null,
  }
}

/** As which a record can be matched. Where that is not known it is any of them, and `unknown` says why. */
export type Identity = { readonly as: readonly ObjectShape['about'][]; readonly unknown: Unknown | null }

export function identityOf(record: CrmRecord, shape: ObjectShape): Identity {
  const person = shape.asPerson === undefined ? null : isPerson(record)
  return person instanceof Unknown
    ? { as: [shape.about, 'person'], unknown: person }
    : { as: [shape.about], unknown: null }
}

/** The one is an account that is a person, and the other the contact that the CRM keeps for it: one record in two rows. */
export function isOnePersonInTwoRows(a: CrmRecord, b: CrmRecord): boolean {
  return isOwnContact(a, b) || isOwnContact(b, a)
}

function isOwnContact(account: CrmRecord, contact: CrmRecord): boolean {
  const of = objectShape(account.crm, account.objectType)?.asPerson?.contact
  if (of === undefined || account.connectionId !== contact.connectionId || contact.objectType !== of.object)
    return false
  const named = objectShape(contact.crm, contact.objectType)?.account
  return account.values[of.field] === contact.recordId || (named != null && contact.values[named] === account.recordId)
}

/** Whether the field has a meaning on this record: a business has no birthday, and a person no number of employees. */
export function hasField(record: CrmRecord, field: string): Truth {
  const form = objectShape(record.crm, record.objectType)?.asPerson
  if (form === undefined) return true
  const isOfPersons = form.personFields.test(field)
  if (!isOfPersons && !form.businessFields.includes(field)) return true
  const person = isPerson(record)
  return person instanceof Unknown ? person : person === isOfPersons
}

/**
 * Fields that the account of the CRM does not have, because it has no persons among its accounts: nobody hides them, and
 * each is blank on every record. One field of persons in the description proves that there are persons.
 */
export function absentForm(shape: ObjectShape | undefined, described: Iterable<string>): ReadonlySet<string> {
  const form = shape?.asPerson
  if (form === undefined) return NONE
  for (const name of described) if (form.personFields.test(name)) return NONE
  return new Set(formFields(shape!))
}

/** The same of its currencies: where the CRM knows one only, no record names it, and nobody can hide that. */
export function absentFields(
  shape: ObjectShape | undefined,
  described: { has(name: string): boolean; keys(): Iterable<string> },
): ReadonlySet<string> {
  const currencies = [shape?.currency, ...(shape?.homeAmounts ?? [])].filter((field) => field !== undefined)
  return new Set([...absentForm(shape, described.keys()), ...currencies.filter((field) => !described.has(field))])
}

/** Those of the wanted fields that exist, or may exist, and that the description does not show. */
export function hiddenAmong(
  shape: ObjectShape | undefined,
  wanted: readonly string[],
  described: { has(name: string): boolean; keys(): Iterable<string> },
): string[] {
  const absent = absentFields(shape, described)
  return wanted.filter((field) => !described.has(field) && !absent.has(field))
}

const NONE: ReadonlySet<string> = new Set()

/** What is read of each record of the object because some of them are persons. */
export function formFields({ asPerson }: ObjectShape): string[] {
  if (asPerson === undefined) return []
  const { flag, email, phones, country, contact } = asPerson
  return [flag, email, ...phones, country, contact.field]
}
