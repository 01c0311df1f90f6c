import type { CaseFacts } from '../rules/facts.ts'
import { ownerChanges } from './clearing-change.ts'
import type { Finding } from './finding.ts'
import { definePattern, finding, found, NOTHING } from './pattern.ts'
import { personInWords } from './wording.ts'

/** The owner left, is unknown to the CRM, is a queue that nobody works, or (where the policy says so) there is none. */
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
  sentence: ({ blankCounts }) =>
    `the owner left, is unknown, or is a queue nobody works${blankCounts ? ', or there is none' : ''}`,
  detect({ blankCounts }, { facts }) {
    const { record, shape, ownerState } = facts
    if (record.unreadable.has(shape.owner)) return NOTHING
    if (ownerState === 'none') {
      return blankCounts ? found(orphaned(facts, { what: `Nobody owns this ${shape.noun}.` })) : NOTHING
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
    todo: `Give this ${shape.noun} to the person who should work it now.`,
    ...gone,
  })
}

function goneOwner({ record, shape, owner, ownerState }: CaseFacts): Gone | null {
  const ownerId = record.values[shape.owner] ?? null
  const name = owner === undefined ? ownerId : personInWords(owner)
  switch (ownerState) {
    case 'inactive':
      return {
        what: `${name} is no longer active and still owns this ${shape.noun}.`,
        cause: `owner-inactive/${ownerId}`,
        causeTitle: `${name} left and still owns records`,
      }
    case 'deleted':
      return {
        what: `The owner of this ${shape.noun} (${ownerId}) no longer exists in the CRM.`,
        cause: `owner-deleted/${ownerId}`,
        causeTitle: `The user ${ownerId} is gone and still owns records`,
      }
    case 'empty-queue':
      return {
        what: `This ${shape.noun} waits in the queue ${name}, which has no active member.`,
        cause: `empty-queue/${ownerId}`,
        causeTitle: `Nobody works the queue ${name}`,
      }
    default:
      return null
  }
}
