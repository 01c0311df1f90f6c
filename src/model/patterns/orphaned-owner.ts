import type { CaseFacts } from '../rules/facts.ts'
import { ownerChanges } from './contract/clearing-change.ts'
import type { Finding } from './contract/finding.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { personInWords } from './contract/wording.ts'

/** The owner left, was deleted, is a queue without active members, or (where the policy says so) is blank. */
export const orphanedOwner = definePattern({
  name: 'orphaned-owner',
  title: 'Orphaned owner',
  label: 'no active owner',
  meaning: 'The owner left, was deleted, or is a queue without an active member.',
  parameters: {
    blankCounts: {
      kind: 'yes-or-no',
      says: 'Whether a record without any owner counts too; no where blank means "waiting to be routed".',
    },
  },
  floor: 'risky',
  inputs: (_, { owner }) => [owner],
  sentence: ({ blankCounts }) =>
    `the owner left, was deleted, or is a queue without active members${blankCounts ? ', or there is none' : ''}`,
  detect({ blankCounts }, { facts }) {
    const { shape, ownerState, ownerUnknown } = facts
    if (ownerUnknown !== null) return notKnown(ownerUnknown)
    if (ownerState === 'none') {
      return blankCounts ? found(orphaned(facts, { what: `This ${shape.noun} has no owner.` })) : NOTHING
    }
    const gone = goneOwner(facts)
    return gone === null ? NOTHING : found(orphaned(facts, gone))
  },
  clearing(_, { routing }, { facts, compiled }) {
    const ruled = routing.winner === null ? [] : [routing.winner.rule.owner]
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

function goneOwner({ record, shape, owner, ownerState }: CaseFacts): Gone | null {
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
      return {
        what: `${name} left and still owns this ${shape.noun}.`,
        cause: `owner-inactive/${ownerId}`,
        causeTitle: `${name} left and still owns records`,
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
