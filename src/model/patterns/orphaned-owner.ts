import { routeRecord } from '../policy/routing.ts'
import { comparableText } from '../record/comparable-text.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { ownerChanges } from './contract/clearing-change.ts'
import type { Finding } from './contract/finding.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { ruleOutcome } from './contract/rule-outcome.ts'
import { personInWords } from './contract/wording.ts'

/** The owner left, was deleted, is a program, is a queue without active members, or (where the policy says so) is blank. */
export const orphanedOwner = definePattern({
  name: 'orphaned-owner',
  title: 'Orphaned owner',
  label: 'no active owner',
  meaning: 'The owner left, was deleted, is an integration user, or is a queue without an active member.',
  parameters: {
    blankCounts: {
      kind: 'yes-or-no',
      says: 'Whether a record without any owner counts too; no where blank means "waiting to be routed".',
    },
  },
  floor: 'risky',
  inputs: (_, { owner }) => [owner],
  sentence: ({ blankCounts }) =>
    `the owner left, was deleted, is an integration user, or is a queue without active members${blankCounts ? ', or there is none' : ''}`,
  detect({ blankCounts }, { facts, compiled, routing }) {
    const { shape, ownerState, ownerUnknown } = facts
    if (ownerUnknown !== null) return notKnown(ownerUnknown)
    if (ownerState === 'none') {
      if (!blankCounts) return NOTHING
      // Nobody left, so what these have in common is who should work them, as far as the policy says.
      const branch = (routing ?? routeRecord(compiled, facts)).branch?.branch.branch
      return found(
        orphaned(facts, {
          what: `This ${shape.noun} has no owner.`,
          cause: branch === undefined ? 'owner-blank' : `owner-blank/${branch}`,
          causeTitle: `Records${branch === undefined ? '' : ` of the branch ${branch}`} without an owner`,
        }),
      )
    }
    const gone = goneOwner(facts)
    return gone === null ? NOTHING : found(orphaned(facts, gone))
  },
  clearing(_, { routing }, { facts, compiled }) {
    const next = routing.winner === null ? null : ruleOutcome(routing.winner.rule.owner, compiled, facts).user
    const ruled = next?.email == null ? [] : [next.email]
    return ownerChanges([...ruled, ...compiled.policy.owners.reviewers.general], facts)
  },
})

type Gone = Pick<Finding, 'what'> & Partial<Pick<Finding, 'cause' | 'causeTitle'>>

function orphaned({ record, shape, ownerState }: CaseFacts, gone: Gone): Finding {
  return finding({
    pattern: 'orphaned-owner',
    evidence: { [shape.owner]: record.values[shape.owner] ?? null, 'fact.ownerState': ownerState },
    todo: `Assign this ${shape.noun} to the person who should work it now.`,
    ...gone,
  })
}

function goneOwner({ record, shape, owner, ownerState, directory }: CaseFacts): Gone | null {
  const ownerId = record.values[shape.owner] ?? null
  const name = owner === undefined ? ownerId : personInWords(owner)
  switch (ownerState) {
    case 'inactive':
      if (owner?.frozen === true) {
        return {
          what: `${name} cannot log in (frozen) and still owns this ${shape.noun}.`,
          cause: `owner-frozen/${ownerId}`,
          causeTitle: `${name} cannot log in (frozen) and still owns records`,
        }
      }
      if (owner !== undefined) {
        const next = ofSameEmail(owner, directory)
        if (next !== undefined) return ownedByOldId(owner, next, shape.noun)
      }
      return {
        what: `${name} left and still owns this ${shape.noun}.`,
        cause: `owner-inactive/${ownerId}`,
        causeTitle: `${name} left and still owns records`,
      }
    case 'integration':
      return {
        what: `${name} owns this ${shape.noun} and is an integration user, so nobody works it.`,
        cause: `owner-integration/${ownerId}`,
        causeTitle: `The integration user ${name} owns records that nobody works`,
      }
    case 'deleted':
      return {
        what: `The CRM deleted the owner of this ${shape.noun}, user ${ownerId}.`,
        cause: `owner-deleted/${ownerId}`,
        causeTitle: `Deleted user ${ownerId} still owns records`,
      }
    case 'empty-queue':
      return {
        what: `This ${shape.noun} waits in the queue ${name}, which has no active member.`,
        cause: `empty-queue/${ownerId}`,
        causeTitle: `Queue ${name} has no active member`,
      }
    default:
      return null
  }
}

/** The one active user there with the e-mail of somebody who left. */
function ofSameEmail({ connectionId, email }: CrmUser, directory: Directory): CrmUser | undefined {
  return email === null ? undefined : directory.personByEmail(connectionId, email)
}

/** Whoever is invited again gets a new id. By another name the e-mail was given to somebody else, who is not guessed to be them. */
function ownedByOldId(owner: CrmUser, next: CrmUser, noun: string): Gone {
  const name = personInWords(owner)
  const isSame = comparableText(owner.name) === comparableText(next.name)
  const now = isSame
    ? `the same person is active under a new id, ${next.userId}`
    : `their e-mail is that of ${personInWords(next)} (${next.userId}) now`
  return {
    what: `This ${noun} belongs to the old user of ${name}, ${owner.userId}, which is deactivated; ${now}.`,
    cause: `owner-inactive/${owner.userId}`,
    causeTitle: `The old user of ${name} still owns records; ${now}`,
  }
}
