import { companyNameKey } from '../matching/company-name.ts'
import { KEY_HOLDERS_MAX } from '../matching/keys.ts'
import { personNameKey } from '../matching/person-name.ts'
import type { ComparedObject } from '../policy/policy.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import { type CrmRecord, type RecordRef, refKey } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { knownValue, unknownAmong } from '../record/field-value.ts'
import { isLive } from '../record/is-live.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import type { Match } from '../record/neighbours.ts'
import { objectShape } from '../record/object-shape.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { together } from '../rules/render.ts'
import { ownerChanges } from './contract/clearing-change.ts'
import { type Detection, definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { activeOwner, objectInWords, personInWords, recordInWords } from './contract/wording.ts'

type Conflict = { readonly record: CrmRecord; readonly owner: CrmUser; readonly same: string; readonly key: string }

/** Two live records of one person or account, and two different active people own them. At most one finding. */
export const duplicateOwnership = definePattern({
  name: 'duplicate-ownership',
  title: 'Duplicate ownership',
  label: 'two owners',
  meaning: 'Two active people own records of the same person or account.',
  parameters: {
    against: { kind: 'compared-objects', says: 'Objects whose records may be the same person or account.' },
    againstAccountOwner: {
      kind: 'yes-or-no',
      says: "Also when the owner of a person's account is somebody else.",
      otherwise: false,
    },
  },
  floor: 'risky',
  sentence({ against, againstAccountOwner }) {
    const account = againstAccountOwner ? ', or owns its account' : ''
    return `someone else owns the same person or account among ${together(against.map(objectInWords))}${account}`
  },
  inputs: (_, { owner, about, email, domain, phones, createdAt, accountByDomain }) => [
    owner,
    createdAt,
    ...(about === 'account' || accountByDomain ? [domain] : []),
    email,
    ...phones,
  ],
  detect(setting, { facts }) {
    const { owner, ownerState, ownerUnknown } = facts
    if (ownerUnknown !== null) return notKnown(ownerUnknown)
    if (ownerState !== 'active' || owner === undefined || owner.email === null) return NOTHING
    const { conflict, unknown } = oldestConflict(setting.against, facts, owner.email)
    if (conflict !== null) return { ...found(duplicateFinding(facts.shape, owner, conflict)), unknown }
    const other = setting.againstAccountOwner ? accountOwnerConflict(facts, owner) : NOTHING
    return unknown === null ? other : { ...other, unknown: Unknown.both(unknown, other.unknown) }
  },
  clearing(_, { finding: { evidence } }, { facts }) {
    const other = evidence['owner of the other'] ?? evidence['owner of the account']
    return other == null ? [] : ownerChanges([other], facts)
  },
})

/** The oldest record that conflicts for certain, and what may hide others. */
function oldestConflict(
  compared: readonly ComparedObject[],
  facts: CaseFacts,
  ownerEmail: string,
): { readonly conflict: Conflict | null; readonly unknown: Unknown | null } {
  const { neighbours } = facts
  let conflict: Conflict | null = null
  let unknown = unseen(compared, facts)
  for (const match of neighbours.matches) {
    const other = match.record
    const against = compared.find((ref) => ref.crm === other.crm && ref.object === other.objectType)
    if (against === undefined) continue
    const found = conflictWith(match, against, facts, ownerEmail)
    if (found instanceof Unknown) unknown = Unknown.both(unknown, found)
    else if (found !== null && (conflict === null || isNewer(conflict.record, other) === true)) conflict = found
  }
  return { conflict, unknown }
}

/** The keys of compared records that we cannot see, so that some of them may be the same person or account. */
function unseen(compared: readonly ComparedObject[], { shape, neighbours }: CaseFacts): Unknown | null {
  const { unseenKeys } = neighbours
  if (unseenKeys === undefined) return null
  return Unknown.of(
    unseenKeys.filter(
      ({ crm, objectType }) =>
        compared.some((ref) => ref.crm === crm && ref.object === objectType) &&
        objectShape(crm, objectType)?.about === shape.about,
    ),
  )
}

/** The conflict with one match; null where there is surely none. */
function conflictWith(
  match: Match,
  against: ComparedObject,
  { record, shape, directory }: CaseFacts,
  ownerEmail: string,
): Conflict | Unknown | null {
  const other = match.record
  const isThere = isLive(other)
  if (isThere === false) return null
  const isOlder: Truth = against.subject === 'ours' ? true : isNewer(record, other)
  if (isOlder === false) return null
  const owner = activeOwner(other, directory)
  if (owner === null || (!(owner instanceof Unknown) && (owner.email === null || owner.email === ownerEmail)))
    return null
  const same = sameness(record, shape, match)
  if (same === null) return null
  const unknown = [isThere, isOlder, owner, same].find((answer) => answer instanceof Unknown)
  if (unknown !== undefined) return unknown
  return { record: other, owner: owner as CrmUser, ...(same as Same) }
}

function duplicateFinding(
  shape: ObjectShape,
  owner: CrmUser,
  { record: other, owner: otherOwner, same, key }: Conflict,
) {
  const thing = shape.about === 'person' ? 'person' : 'account'
  return finding({
    pattern: 'duplicate-ownership',
    what: `${personInWords(owner)} owns this ${shape.noun}, but ${personInWords(otherOwner)} owns ${recordInWords(other)}, the same ${thing} (${same}).`,
    evidence: { 'matched by': key, 'fact.owner': owner.email, 'owner of the other': otherOwner.email },
    involves: [refOf(other)],
    todo: `Agree with ${personInWords(otherOwner)} on one owner and set it on both records. If they are different ${thing === 'person' ? 'people' : 'accounts'}, correct the data they share.`,
  })
}

function accountOwnerConflict({ shape, neighbours, directory }: CaseFacts, owner: CrmUser): Detection {
  const { account } = neighbours
  if (shape.about !== 'person' || account === null) return NOTHING
  if (account instanceof Unknown) return notKnown(account)
  const isThere = isLive(account)
  if (isThere === false) return NOTHING
  const accountOwner = activeOwner(account, directory)
  if (accountOwner instanceof Unknown) return notKnown(accountOwner)
  if (accountOwner === null || accountOwner.email === null || accountOwner.email === owner.email) return NOTHING
  if (isThere !== true) return notKnown(isThere)
  return found(
    finding({
      pattern: 'duplicate-ownership',
      what: `${personInWords(owner)} owns this ${shape.noun}, but ${personInWords(accountOwner)} owns its account, ${recordInWords(account)}.`,
      evidence: { 'fact.owner': owner.email, 'owner of the account': accountOwner.email, account: account.recordId },
      involves: [refOf(account)],
      todo: `Agree with ${personInWords(accountOwner)} on one owner and set it on both records.`,
    }),
  )
}

type Same = { readonly same: string; readonly key: string }

/** Why the two are one person or account, and by which key; null where they are not. */
function sameness(record: CrmRecord, shape: ObjectShape, match: Match): Same | Unknown | null {
  const otherShape = objectShape(match.record.crm, match.record.objectType)
  if (otherShape === undefined || otherShape.about !== shape.about) return null
  let unknown: Unknown | null = null
  for (const { key, holders } of match.keys) {
    if (holders > KEY_HOLDERS_MAX) continue
    if (shape.about === 'person' && key.startsWith('email:')) return { same: 'same e-mail', key }
    if (shape.about === 'account' && key.startsWith('domain:')) {
      const isKin = isFamily(record, shape, match.record, otherShape)
      if (isKin === false) return { same: 'same domain', key }
      if (isKin !== true) unknown = isKin
    }
  }
  // A shared phone needs the name as well, so however many hold it, it does not speak alone.
  const phone = match.keys.find(({ key }) => key.startsWith('phone:'))
  if (phone === undefined) return unknown
  const [name, otherName] = [nameKey(record, shape), nameKey(match.record, otherShape)]
  if (name instanceof Unknown || otherName instanceof Unknown) {
    const ofName = name instanceof Unknown ? name : (otherName as Unknown)
    return Unknown.both(unknown, ofName)
  }
  if (name === '' || name !== otherName) return unknown
  return { same: 'same phone and name', key: phone.key }
}

function nameKey(record: CrmRecord, shape: ObjectShape): string | Unknown {
  const unknown = unknownAmong(record, shape.name)
  if (unknown !== null) return unknown
  const parts = shape.name.map((field) => record.values[field])
  return shape.about === 'account' ? companyNameKey(parts[0]) : personNameKey(parts)
}

/** One is the parent of the other, or both have the same parent: then they share a domain by right. */
function isFamily(a: CrmRecord, aShape: ObjectShape, b: CrmRecord, bShape: ObjectShape): Truth {
  if (a.connectionId !== b.connectionId || a.objectType !== b.objectType) return false
  const aParent = aShape.parent === null ? null : knownValue(a, aShape.parent)
  const bParent = bShape.parent === null ? null : knownValue(b, bShape.parent)
  if (aParent === b.recordId || bParent === a.recordId) return true
  if (aParent instanceof Unknown) return aParent
  if (bParent instanceof Unknown) return bParent
  return aParent !== null && aParent === bParent
}

/** By creation time, then by reference, so that of any two records exactly one is the newer. */
function isNewer(a: CrmRecord, b: CrmRecord): Truth {
  const aMs = createdMs(a)
  const bMs = createdMs(b)
  if (aMs instanceof Unknown) return aMs
  if (bMs instanceof Unknown) return bMs
  return aMs === bMs ? refKey(a) > refKey(b) : aMs > bMs
}

function createdMs(record: CrmRecord): number | Unknown {
  const shape = objectShape(record.crm, record.objectType)
  const createdAt = shape === undefined ? null : knownValue(record, shape.createdAt)
  if (createdAt instanceof Unknown) return createdAt
  const ms = Date.parse(createdAt ?? '')
  return Number.isNaN(ms) ? 0 : ms
}

function refOf({ connectionId, objectType, recordId }: CrmRecord): RecordRef {
  return { connectionId, objectType, recordId }
}
