import { companyNameKey } from '../matching/company-name.ts'
import { KEY_HOLDERS_MAX } from '../matching/keys.ts'
import { personNameKey } from '../matching/person-name.ts'
import type { ComparedObject } from '../policy/policy.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import { type CrmRecord, type RecordRef, refKey } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { isLive } from '../record/is-live.ts'
import type { Match } from '../record/neighbours.ts'
import { objectShape } from '../record/object-shape.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { together } from '../rules/render.ts'
import { ownerChanges } from './contract/clearing-change.ts'
import { type Detection, definePattern, finding, found, NOTHING } from './contract/pattern.ts'
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
  detect(setting, { facts }) {
    const { owner, ownerState } = facts
    if (ownerState !== 'active' || owner === undefined || owner.email === null) return NOTHING
    const oldest = oldestConflict(setting.against, facts, owner.email)
    if (oldest !== null) return found(duplicateFinding(facts.shape, owner, oldest))
    return setting.againstAccountOwner ? accountOwnerConflict(facts, owner) : NOTHING
  },
  clearing(_, { finding: { evidence } }, { facts }) {
    const other = evidence['owner of the other'] ?? evidence['owner of the account']
    return other == null ? [] : ownerChanges([other], facts)
  },
})

function oldestConflict(
  compared: readonly ComparedObject[],
  { record, shape, neighbours, directory }: CaseFacts,
  ownerEmail: string,
): Conflict | null {
  let oldest: Conflict | null = null
  for (const match of neighbours.matches) {
    const other = match.record
    const against = compared.find((ref) => ref.crm === other.crm && ref.object === other.objectType)
    if (against === undefined || !isLive(other)) continue
    if (against.subject !== 'ours' && !isNewer(record, other)) continue
    const otherOwner = activeOwner(other, directory)
    if (otherOwner === undefined || otherOwner.email === null || otherOwner.email === ownerEmail) continue
    const same = sameness(record, shape, match)
    if (same === null) continue
    if (oldest === null || isNewer(oldest.record, other)) oldest = { record: other, owner: otherOwner, ...same }
  }
  return oldest
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
  if (shape.about !== 'person' || account === null || !isLive(account)) return NOTHING
  const accountOwner = activeOwner(account, directory)
  if (accountOwner === undefined || accountOwner.email === null || accountOwner.email === owner.email) return NOTHING
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

/** Why the two are one person or account, and by which key; null where they are not. */
function sameness(record: CrmRecord, shape: ObjectShape, match: Match): { same: string; key: string } | null {
  const otherShape = objectShape(match.record.crm, match.record.objectType)
  if (otherShape === undefined || otherShape.about !== shape.about) return null
  for (const { key, holders } of match.keys) {
    if (holders > KEY_HOLDERS_MAX) continue
    if (shape.about === 'person' && key.startsWith('email:')) return { same: 'same e-mail', key }
    if (shape.about === 'account' && key.startsWith('domain:') && !isFamily(record, shape, match.record, otherShape)) {
      return { same: 'same domain', key }
    }
  }
  // A shared phone needs the name as well, so however many hold it, it does not speak alone.
  const phone = match.keys.find(({ key }) => key.startsWith('phone:'))
  if (phone === undefined) return null
  const name = nameKey(record, shape)
  if (name === '' || name !== nameKey(match.record, otherShape)) return null
  return { same: 'same phone and name', key: phone.key }
}

function nameKey(record: CrmRecord, shape: ObjectShape): string {
  const parts = shape.name.map((field) => record.values[field])
  return shape.about === 'account' ? companyNameKey(parts[0]) : personNameKey(parts)
}

/** One is the parent of the other, or both have the same parent: then they share a domain by right. */
function isFamily(a: CrmRecord, aShape: ObjectShape, b: CrmRecord, bShape: ObjectShape): boolean {
  if (a.connectionId !== b.connectionId || a.objectType !== b.objectType) return false
  const aParent = (aShape.parent === null ? null : a.values[aShape.parent]) ?? null
  const bParent = (bShape.parent === null ? null : b.values[bShape.parent]) ?? null
  return aParent === b.recordId || bParent === a.recordId || (aParent !== null && aParent === bParent)
}

/** By creation time, then by reference, so that of any two records exactly one is the newer. */
function isNewer(a: CrmRecord, b: CrmRecord): boolean {
  const aMs = createdMs(a)
  const bMs = createdMs(b)
  return aMs === bMs ? refKey(a) > refKey(b) : aMs > bMs
}

function createdMs(record: CrmRecord): number {
  const shape = objectShape(record.crm, record.objectType)
  const ms = Date.parse(shape === undefined ? '' : (record.values[shape.createdAt] ?? ''))
  return Number.isNaN(ms) ? 0 : ms
}

function refOf({ connectionId, objectType, recordId }: CrmRecord): RecordRef {
  return { connectionId, objectType, recordId }
}
