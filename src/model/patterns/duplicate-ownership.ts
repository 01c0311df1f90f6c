import type { ComparedObject } from '../policy/policy.ts'
import { type CrmRecord, type RecordRef, refKey } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { knownValue } from '../record/field-value.ts'
import { isLive } from '../record/is-live.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import type { Match } from '../record/neighbours.ts'
import { objectShape } from '../record/object-shape.ts'
import { isOnePersonInTwoRows } from '../record/person-form.ts'
import { recordTitle } from '../record/record-title.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { together } from '../rules/render.ts'
import { ownerChanges } from './contract/clearing-change.ts'
import { type AheadOf, type Detection, definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { type Same, sameness, unseenMatches, withoutNobodysKeys } from './contract/same-record.ts'
import {
  activeOwner,
  isAnotherPerson,
  objectInWords,
  ownerEvidence,
  ownsInWords,
  personInWords,
  recordInWords,
} from './contract/wording.ts'

type Setting = { readonly against: readonly ComparedObject[]; readonly alsoNobodys?: readonly string[] }
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
    alsoNobodys: {
      kind: 'texts',
      says: 'E-mail addresses, domains, phone numbers and names that stand for nobody here, besides the placeholders that Lanekeeper knows, such as none@none.com.',
    },
  },
  floor: 'risky',
  sentence({ against, againstAccountOwner }) {
    const account = againstAccountOwner ? ', or owns its account' : ''
    return `someone else owns the same person or account among ${together(against.map(objectInWords))}${account}`
  },
  inputs: (_, { owner, about, email, moreEmails = [], domain, phones, createdAt, accountByDomain }) => [
    owner,
    createdAt,
    ...(about === 'account' || accountByDomain ? [domain] : []),
    email,
    ...moreEmails,
    ...phones,
  ],
  detect(setting, { facts, ahead }) {
    const { owner, ownerState, ownerUnknown } = facts
    if (ownerUnknown !== null) return notKnown(ownerUnknown)
    if (ownerState !== 'active' || owner === undefined || owner.email === null) return NOTHING
    const { conflicts, unknown } = certainConflicts(setting, facts, owner, ahead?.bothSides ?? false)
    const [first] = conflicts
    if (first !== undefined)
      return { ...found(duplicateFinding(facts, owner, [first, ...conflicts.slice(1)], ahead)), unknown }
    const other = setting.againstAccountOwner ? accountOwnerConflict(facts, owner, ahead) : NOTHING
    return unknown === null ? other : { ...other, unknown: Unknown.both(unknown, other.unknown) }
  },
  clearing(_, { finding: { evidence } }, { facts }) {
    const other = evidence['owner of the other'] ?? evidence['owner of the account']
    return other == null ? [] : ownerChanges([other], facts)
  },
})

/** The records that conflict for certain, the oldest first as far as their ages are known, and what may hide others. */
function certainConflicts(
  { against: compared, alsoNobodys = [] }: Setting,
  facts: CaseFacts,
  ours: CrmUser,
  bothSides: boolean,
): { readonly conflicts: readonly Conflict[]; readonly unknown: Unknown | null } {
  const { neighbours } = facts
  const conflicts: Conflict[] = []
  let unknown = unseenMatches(compared, facts)
  for (const match of neighbours.matches) {
    const other = match.record
    const against = compared.find((ref) => ref.crm === other.crm && ref.object === other.objectType)
    if (against === undefined) continue
    const isOurs = bothSides || against.subject === 'ours'
    const found = conflictWith(withoutNobodysKeys(match, alsoNobodys), isOurs, facts, ours)
    if (found instanceof Unknown) unknown = Unknown.both(unknown, found)
    else if (found === null) continue
    else if (conflicts.length === 0 || isNewer(conflicts[0]!.record, other) === true) conflicts.unshift(found)
    else conflicts.push(found)
  }
  return { conflicts, unknown }
}

/** The conflict with one match; null where there is surely none. */
function conflictWith(match: Match, isOurs: boolean, facts: CaseFacts, ours: CrmUser): Conflict | Unknown | null {
  const { record, directory } = facts
  const other = match.record
  const isThere = isLive(other)
  if (isThere === false || isOnePersonInTwoRows(record, other)) return null
  const isOlder: Truth = isOurs ? true : isNewer(record, other)
  if (isOlder === false) return null
  const owner = activeOwner(other, directory)
  if (owner === null) return null
  const isOther: Truth =
    owner instanceof Unknown ? owner : owner.email !== null && isAnotherPerson(ours, owner, other, directory)
  if (isOther === false) return null
  const same = sameness(facts, match)
  if (same === null) return null
  const unknown = [isThere, isOlder, isOther, same].find((answer) => answer instanceof Unknown)
  if (unknown !== undefined) return unknown
  return { record: other, owner: owner as CrmUser, ...(same as Same) }
}

function duplicateFinding(
  { record, shape }: CaseFacts,
  owner: CrmUser,
  conflicts: readonly [Conflict, ...Conflict[]],
  ahead: AheadOf | undefined,
) {
  const [{ record: other, owner: otherOwner, same, key }] = conflicts
  const thing = shape.about === 'person' ? 'person' : 'account'
  return finding({
    pattern: 'duplicate-ownership',
    what: `${ownsInWords(owner, shape.noun, ahead)}, but ${personInWords(otherOwner)} owns ${recordInWords(other)}, the same ${thing} (${same}).`,
    evidence: { 'matched by': key, ...ownerEvidence(owner.email, ahead), 'owner of the other': otherOwner.email },
    keyFacts: pairFacts(record, other, { matchedBy: key, owners: [owner.email, otherOwner.email].sort(), ahead }),
    // Looking ahead compares all pairs with those of now.
    involves: ahead?.bothSides ? conflicts.map(({ record }) => refOf(record)) : [refOf(other)],
    todo: `${agreeWith(otherOwner, shape.noun, ahead)} If they are different ${thing === 'person' ? 'people' : 'accounts'}, correct the data they share.`,
  })
}

/** The pair, whichever of the two has the case. */
function pairFacts(
  one: CrmRecord,
  other: CrmRecord,
  {
    matchedBy,
    owners,
    ahead,
  }: { readonly matchedBy: string; readonly owners: readonly (string | null)[]; readonly ahead: AheadOf | undefined },
): Readonly<Record<string, unknown>> {
  return { matchedBy, owners, pair: [refKey(one), refKey(other)].sort(), rule: ahead?.rule ?? null }
}

function accountOwnerConflict(facts: CaseFacts, owner: CrmUser, ahead: AheadOf | undefined): Detection {
  const { shape, neighbours } = facts
  const { account } = neighbours
  if (shape.about !== 'person' || account === null) return NOTHING
  if (account instanceof Unknown) {
    const { accountCandidates: candidates = [] } = neighbours
    const isAnyConflict = candidates.some((one) => ownedByAnother(facts, one, owner, ahead) !== NOTHING)
    return candidates.length > 0 && !isAnyConflict ? NOTHING : notKnown(account)
  }
  return ownedByAnother(facts, account, owner, ahead)
}

function ownedByAnother(
  { record, shape, directory }: CaseFacts,
  account: CrmRecord,
  owner: CrmUser,
  ahead: AheadOf | undefined,
): Detection {
  const isThere = isLive(account)
  if (isThere === false) return NOTHING
  const accountOwner = activeOwner(account, directory)
  if (accountOwner instanceof Unknown) return notKnown(accountOwner)
  if (accountOwner === null || accountOwner.email === null) return NOTHING
  const isOther = isAnotherPerson(owner, accountOwner, account, directory)
  if (isOther === false) return NOTHING
  if (isOther instanceof Unknown) return notKnown(isOther)
  if (isThere !== true) return notKnown(isThere)
  return found(
    finding({
      pattern: 'duplicate-ownership',
      what:
        ahead === undefined
          ? `${ownsInWords(owner, shape.noun, ahead)}, but ${personInWords(accountOwner)} owns its account, ${recordInWords(account)}.`
          : `${ownsInWords(owner, shape.noun, ahead)}, but ${personInWords(accountOwner)} owns its account ${recordTitle(account)}.`,
      evidence: {
        ...ownerEvidence(owner.email, ahead),
        'owner of the account': accountOwner.email,
        account: account.recordId,
      },
      keyFacts: pairFacts(record, account, { matchedBy: 'account', owners: [owner.email, accountOwner.email], ahead }),
      involves: [refOf(account)],
      todo: agreeWith(accountOwner, shape.noun, ahead),
    }),
  )
}

function agreeWith(other: CrmUser, noun: string, ahead: AheadOf | undefined): string {
  const who = personInWords(other)
  return ahead === undefined
    ? `Agree with ${who} on one owner and set it on both records.`
    : `Give this ${noun} to ${who}, or agree with ${who} on another owner and set it on both records.`
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
