import { areFamily } from '../../matching/account-family.ts'
import { companyNameKey } from '../../matching/company-name.ts'
import { companyDomain } from '../../matching/domain.ts'
import { readEmail } from '../../matching/email.ts'
import { KEY_HOLDERS_MAX } from '../../matching/keys.ts'
import { personNameKey } from '../../matching/person-name.ts'
import { readPhones } from '../../matching/phone.ts'
import { isPlaceholder } from '../../matching/placeholder.ts'
import type { ComparedObject } from '../../policy/policy.ts'
import type { ObjectShape } from '../../record/crm-profile.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import { unknownAmong } from '../../record/field-value.ts'
import { Unknown } from '../../record/knowledge.ts'
import type { Match } from '../../record/neighbours.ts'
import { objectShape } from '../../record/object-shape.ts'
import { identityOf, recordShape } from '../../record/person-form.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'

export type Same = { readonly same: string; readonly key: string }

/** Why the two are one person or account, and by which key; null where they are not. */
export function sameness({ record, shape, neighbours }: CaseFacts, match: Match): Same | Unknown | null {
  const other = recordShape(match.record)
  if (other === undefined) return null
  const [mine, theirs] = [identityOf(record, shape), identityOf(match.record, other)]
  const unknown = Unknown.both(mine.unknown, theirs.unknown)
  for (const about of mine.as) {
    if (!theirs.as.includes(about)) continue
    const same = samenessAs(about, { record, shape, neighbours }, match, other)
    // They would be the same if they were both persons, or both businesses.
    if (same !== null) return Unknown.both(unknown, same instanceof Unknown ? same : null) ?? same
  }
  return null
}

function samenessAs(
  about: ObjectShape['about'],
  { record, shape, neighbours }: Pick<CaseFacts, 'record' | 'shape' | 'neighbours'>,
  match: Match,
  otherShape: ObjectShape,
): Same | Unknown | null {
  let unknown: Unknown | null = null
  for (const { key, holders } of match.keys) {
    if (holders > KEY_HOLDERS_MAX) continue
    if (about === 'person' && key.startsWith('email:')) return { same: 'same e-mail', key }
    if (about === 'account' && key.startsWith('domain:')) {
      const isKin = areFamily(record, match.record, neighbours)
      if (isKin === false) return { same: 'same domain', key }
      if (isKin !== true) unknown = isKin
    }
  }
  // A shared phone needs the name as well, so however many hold it, it does not speak alone.
  const phone = match.keys.find(({ key }) => key.startsWith('phone:'))
  if (phone === undefined) return unknown
  const missing = Unknown.both(unknownAmong(record, shape.name), unknownAmong(match.record, otherShape.name))
  if (missing !== null) return Unknown.both(unknown, missing)
  const [name, otherName] = [nameKey(about, record, shape), nameKey(about, match.record, otherShape)]
  if (name === '' || name !== otherName) return unknown
  return { same: 'same phone and name', key: phone.key }
}

function nameKey(about: ObjectShape['about'], record: CrmRecord, shape: ObjectShape): string {
  const parts = shape.name.map((field) => record.values[field])
  return about === 'account' ? companyNameKey(parts[0]) : personNameKey(parts)
}

/** Without the keys that the policy says are nobody's, and without the match where its name is. */
export function withoutNobodysKeys(match: Match, nobodys: readonly string[]): Match {
  if (nobodys.length === 0) return match
  const refused = nobodysKeys(nobodys)
  const shape = objectShape(match.record.crm, match.record.objectType)
  const name = shape?.name.map((field) => match.record.values[field] ?? '').join(' ') ?? ''
  const isNameless = isPlaceholder(name, 'other', nobodys)
  const keys = match.keys.filter(({ key }) => !refused.has(key) && !(isNameless && key.startsWith('phone:')))
  return { ...match, keys }
}

/** By the list itself: a policy has one, and it is asked about every match of every record. */
const keysOfLists = new WeakMap<readonly string[], ReadonlySet<string>>()

function nobodysKeys(nobodys: readonly string[]): ReadonlySet<string> {
  let keys = keysOfLists.get(nobodys)
  if (keys === undefined) {
    keys = new Set(nobodys.flatMap(keysOfText))
    keysOfLists.set(nobodys, keys)
  }
  return keys
}

function keysOfText(text: string): string[] {
  const email = readEmail(text)
  const domain = email === null ? companyDomain(text) : null
  return [
    ...(email === null ? [] : [`email:${email.address}`]),
    ...(domain === null ? [] : [`domain:${domain}`]),
    ...readPhones(text, null).map((phone) => `phone:${phone}`),
  ]
}

/** What we cannot see and what may therefore be the same person or account. */
export function unseenMatches(compared: readonly ComparedObject[], facts: CaseFacts): Unknown | null {
  return Unknown.both(unseen(compared, facts), unseenForm(facts))
}

/** The keys of compared records that we cannot see, so that some of them may be the same person or account. */
function unseen(compared: readonly ComparedObject[], { record, shape, neighbours }: CaseFacts): Unknown | null {
  const { unseenKeys } = neighbours
  if (unseenKeys === undefined) return null
  const { as } = identityOf(record, shape)
  return Unknown.of(
    unseenKeys.filter(({ crm, objectType, field }) => {
      if (!compared.some((ref) => ref.crm === crm && ref.object === objectType)) return false
      const other = objectShape(crm, objectType)
      return other !== undefined && as.some((about) => isFoundBy(other, about, field))
    }),
  )
}

/** What it would be found by if it were a person, of an account that may be one. Of one that is, it is an input like others. */
function unseenForm({ record, shape }: CaseFacts): Unknown | null {
  const { unknown } = identityOf(record, shape)
  if (unknown === null || shape.asPerson === undefined) return null
  const keys = unknownAmong(record, [shape.asPerson.email, ...shape.asPerson.phones])
  return keys === null ? null : Unknown.both(unknown, keys)
}

/** Whether a record of the shape can be found by the field as this. */
function isFoundBy({ about, domain, asPerson }: ObjectShape, as: ObjectShape['about'], field: string): boolean {
  if (as === about) return asPerson === undefined || !asPerson.personFields.test(field)
  return as === 'person' && asPerson !== undefined && field !== domain
}
