import type { PatternSetting } from '../policy/policy.ts'
import { type Case, type Detection, finding, found, NOTHING } from './pattern.ts'
import { personInWords } from './wording.ts'

/** The owner left, is unknown to the CRM, is a queue that nobody works, or (where the policy says so) there is none. */
export function orphanedOwner(
  setting: Extract<PatternSetting, { pattern: 'orphaned-owner' }>,
  { facts }: Case,
): Detection {
  const { record, shape, owner, ownerState } = facts
  if (record.unreadable.has(shape.owner)) return NOTHING
  const ownerId = record.values[shape.owner] ?? null
  const evidence = { [shape.owner]: ownerId, 'fact.ownerState': ownerState }
  const todo = `Give this ${shape.noun} to the person who should work it now.`
  const base = { pattern: 'orphaned-owner', evidence, todo } as const
  switch (ownerState) {
    case 'inactive': {
      const name = owner === undefined ? ownerId : personInWords(owner)
      return found(
        finding({
          ...base,
          what: `${name} is no longer active and still owns this ${shape.noun}.`,
          cause: `owner-inactive/${ownerId}`,
          causeTitle: `${name} left and still owns records`,
        }),
      )
    }
    case 'deleted':
      return found(
        finding({
          ...base,
          what: `The owner of this ${shape.noun} (${ownerId}) no longer exists in the CRM.`,
          cause: `owner-deleted/${ownerId}`,
          causeTitle: `The user ${ownerId} is gone and still owns records`,
        }),
      )
    case 'empty-queue': {
      const name = owner === undefined ? ownerId : personInWords(owner)
      return found(
        finding({
          ...base,
          what: `This ${shape.noun} waits in the queue ${name}, which has no active member.`,
          cause: `empty-queue/${ownerId}`,
          causeTitle: `Nobody works the queue ${name}`,
        }),
      )
    }
    case 'none':
      return setting.blankCounts ? found(finding({ ...base, what: `Nobody owns this ${shape.noun}.` })) : NOTHING
    default:
      return NOTHING
  }
}
