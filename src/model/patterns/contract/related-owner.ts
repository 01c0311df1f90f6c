import { isSamePerson } from '../../people/same-person.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { ComparedObject } from '../../policy/policy.ts'
import { crmProfile } from '../../record/crm-profile.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import type { CrmUser } from '../../record/crm-user.ts'
import { missingField } from '../../record/field-value.ts'
import { isLive } from '../../record/is-live.ts'
import { Unknown } from '../../record/knowledge.ts'
import { isOnePersonInTwoRows } from '../../record/person-form.ts'
import { isAccount } from '../../rules/account-of.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'
import type { RelatedOwner } from '../../rules/condition.ts'
import { openAmount } from '../../rules/open-pipeline.ts'
import { together } from '../../rules/render.ts'
import { sameness, unseenMatches, withoutNobodysKeys } from './same-record.ts'
import { activeOwner, personInWords } from './wording.ts'

/** Somebody, or why it is nobody, to end "to the owner of its account, ". */
export type Related = CrmUser | string | Unknown

export function relatedOwner(owner: RelatedOwner | string, compiled: CompiledPolicy, facts: CaseFacts): Related {
  switch (owner) {
    case 'account.owner':
      return accountOwner(facts)
    case 'match.owner':
      return matchOwner(compiled, facts)
    case 'deal.owner':
      return dealOwner(facts)
    default:
      return 'whom this Lanekeeper does not know'
  }
}

function accountOwner(facts: CaseFacts): Related {
  const { account, accountCandidates = [] } = facts.neighbours
  if (isAccount(facts) || account === null) return 'but it has no account'
  if (!(account instanceof Unknown)) return ownerOfOne(account, facts) ?? 'but its account has no active owner'
  const owners = accountCandidates.map((one) => ownerOfOne(one, facts))
  const [first] = owners
  const isAgreed = first != null && owners.every((one) => one === first)
  return isAgreed && !(first instanceof Unknown) ? first : account
}

/** The active owner of another record that is there; null: there is none. */
function ownerOfOne(other: CrmRecord, { directory }: CaseFacts): CrmUser | Unknown | null {
  const isThere = isLive(other)
  if (isThere === false) return null
  const owner = activeOwner(other, directory)
  if (owner === null || isThere === true) return owner
  return owner instanceof Unknown ? Unknown.both(isThere, owner) : isThere
}

/** What the workflow calls a duplicate: by its pattern, whichever of the two is the newer. */
function matchOwner({ settings }: CompiledPolicy, facts: CaseFacts): Related {
  const { record } = facts
  const mine = settings.get(record.crm)?.get(record.objectType) ?? []
  const compared = mine.filter(({ pattern }) => pattern === 'duplicate-ownership')
  const found: (CrmUser | Unknown | null)[] = []
  for (const setting of compared) {
    const against = setting.against as readonly ComparedObject[]
    const nobodys = (setting.alsoNobodys as readonly string[] | undefined) ?? []
    const unseen = unseenMatches(against, facts)
    if (unseen !== null) found.push(unseen)
    for (const match of facts.neighbours.matches) {
      const other = match.record
      if (!against.some((ref) => ref.crm === other.crm && ref.object === other.objectType)) continue
      if (isOnePersonInTwoRows(record, other)) continue
      const same = sameness(facts, withoutNobodysKeys(match, nobodys))
      if (same !== null) found.push(same instanceof Unknown ? same : ownerOfOne(other, facts))
    }
  }
  return theOnly(found, facts, 'its duplicates belong', 'but it has no duplicate with an active owner')
}

/** Of deals that are open and worth money: those are what is at stake, and all that is read. */
function dealOwner(facts: CaseFacts): Related {
  const { account, deals, dealsUnknown, accountCandidates = [] } = facts.neighbours
  const found: (CrmUser | Unknown | null)[] = dealsUnknown === undefined ? [] : [dealsUnknown]
  if (account instanceof Unknown && (accountCandidates.length === 0 || deals.length > 0)) found.push(account)
  for (const deal of deals) {
    const amount = openAmount(deal)
    if (amount !== 0) found.push(amount instanceof Unknown ? amount : ownerOfOne(deal, facts))
  }
  return theOnly(found, facts, 'its open deals belong', 'but it has no open deal with an active owner')
}

function theOnly(
  found: readonly (CrmUser | Unknown | null)[],
  { directory }: CaseFacts,
  several: string,
  none: string,
): Related {
  const owners: CrmUser[] = []
  let unknown: Unknown | null = null
  for (const one of found) {
    if (one instanceof Unknown) unknown = Unknown.both(unknown, one)
    // Two users of one e-mail stay two owners, so that none of them is guessed.
    else if (one !== null && !owners.some((other) => isSamePerson(one, other, directory) === true)) owners.push(one)
  }
  if (unknown !== null) return unknown
  const [first, ...others] = owners
  if (first === undefined) return none
  return others.length === 0 ? first : `but ${several} to ${together(owners.map(personInWords).sort())}`
}

/** A queue of the record's own CRM, which this object may belong to and in which somebody works. */
export function queueOutcome(name: string, { record, shape, directory }: CaseFacts): Related {
  const crm = crmProfile(record.crm).title
  if (shape.ownedByQueues !== true) return `but a ${shape.noun} of ${crm} cannot belong to a queue`
  const [queue, ...others] = directory.queuesByName(record.connectionId, name)
  if (queue === undefined) return `which ${crm} does not have`
  if (others.length > 0) return `but ${crm} has several queues of that name`
  if (queue.standing !== undefined || queue.activeMembers === null) {
    return new Unknown([missingField(record, shape.owner, 'not-read', `the queue ${name}`)])
  }
  if (!queue.active || queue.activeMembers === 0) return 'in which nobody active works'
  return queue
}
