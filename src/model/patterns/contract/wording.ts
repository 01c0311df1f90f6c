import { isSamePerson } from '../../people/same-person.ts'
import { severalInWords } from '../../people/several-users.ts'
import type { ObjectRef } from '../../policy/policy.ts'
import { crmProfile } from '../../record/crm-profile.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import type { CrmUser, Directory } from '../../record/crm-user.ts'
import { missingField } from '../../record/field-value.ts'
import { type Truth, Unknown } from '../../record/knowledge.ts'
import { objectShape } from '../../record/object-shape.ts'
import { recordShape } from '../../record/person-form.ts'
import { recordTitle } from '../../record/record-title.ts'
import { ownerOfRecord } from '../../rules/record-owner.ts'
import type { AheadOf } from './pattern.ts'

/** `the <CRM> contact "Jane Doe"`, as sentences speak of another record. */
export function recordInWords(record: CrmRecord): string {
  const noun = recordShape(record)?.noun ?? record.objectType
  return `the ${crmProfile(record.crm).title} ${noun} "${recordTitle(record)}"`
}

/** The records of an object as people say it, with the name of the CRM in front. */
export function objectInWords({ crm, object }: ObjectRef): string {
  return `${crmProfile(crm).title} ${objectShape(crm, object)?.noun ?? object} records`
}

/** The person as colleagues know them. */
export function personInWords(user: CrmUser): string {
  return user.name.trim() === '' ? (user.email ?? user.userId) : user.name
}

/** `Ann owns this lead`, or what a rule would make of it where its write is judged before it is made. */
export function ownsInWords(owner: CrmUser, noun: string, ahead: AheadOf | undefined): string {
  const who = personInWords(owner)
  return ahead === undefined ? `${who} owns this ${noun}` : `Rule ${ahead.rule} would give this ${noun} to ${who}`
}

/** The owner among the evidence. One whom the record does not have yet is not called its owner. */
export function ownerEvidence(email: string | null, ahead: AheadOf | undefined): Record<string, string | null> {
  return { [ahead === undefined ? 'fact.owner' : 'owner by the rule']: email }
}

/** The active person who owns the record, in its own CRM. Null: there is none, or it is no active person. */
export function activeOwner(record: CrmRecord, directory: Directory): CrmUser | Unknown | null {
  const field = objectShape(record.crm, record.objectType)?.owner
  if (field === undefined) return null
  const owner = ownerOfRecord(record, field, directory)
  if (owner instanceof Unknown) return owner
  return owner.state === 'active' ? (owner.user ?? null) : null
}

/**
 * Whether this record's owner is another person than that of the other one. Unknown: they have an e-mail that several
 * users of one CRM have.
 */
export function isAnotherPerson(owner: CrmUser, other: CrmUser, record: CrmRecord, directory: Directory): Truth {
  const same = isSamePerson(owner, other, directory)
  const field = objectShape(record.crm, record.objectType)?.owner ?? ''
  if (same !== null) return !same
  const shared = [owner, other].flatMap(({ connectionId, email }) => directory.peopleByEmail(connectionId, email ?? ''))
  const users = severalInWords([...new Set([owner, other, ...shared])])
  return new Unknown([missingField(record, field, 'one-email', users)])
}

/** CRMs answer with anything from a word to a page; a task quotes what a person reads. */
const QUOTED_MAX = 300

/** Somebody else's words inside our sentence, which they end. */
export function inQuotes(words: string): string {
  const line = words.replaceAll(/\s+/g, ' ').trim()
  return `"${line.length <= QUOTED_MAX ? line : `${line.slice(0, QUOTED_MAX - 1)}…`}".`
}
