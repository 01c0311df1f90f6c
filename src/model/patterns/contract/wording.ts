import type { ObjectRef } from '../../policy/policy.ts'
import { crmProfile } from '../../record/crm-profile.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import type { CrmUser, Directory } from '../../record/crm-user.ts'
import { Unknown } from '../../record/knowledge.ts'
import { objectShape } from '../../record/object-shape.ts'
import { recordTitle } from '../../record/record-title.ts'
import { ownerOfRecord } from '../../rules/record-owner.ts'

/** `the <CRM> contact "Jane Doe"`, as sentences speak of another record. */
export function recordInWords(record: CrmRecord): string {
  const noun = objectShape(record.crm, record.objectType)?.noun ?? record.objectType
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

/** The active person who owns the record, in its own CRM. Null: there is none, or it is no active person. */
export function activeOwner(record: CrmRecord, directory: Directory): CrmUser | Unknown | null {
  const field = objectShape(record.crm, record.objectType)?.owner
  if (field === undefined) return null
  const owner = ownerOfRecord(record, field, directory)
  if (owner instanceof Unknown) return owner
  return owner.state === 'active' ? (owner.user ?? null) : null
}

/** CRMs answer with anything from a word to a page; a task quotes what a person reads. */
const QUOTED_MAX = 300

/** Somebody else's words inside our sentence, which they end. */
export function inQuotes(words: string): string {
  const line = words.replaceAll(/\s+/g, ' ').trim()
  return `"${line.length <= QUOTED_MAX ? line : `${line.slice(0, QUOTED_MAX - 1)}…`}".`
}
