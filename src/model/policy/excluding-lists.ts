import type { FieldSchema } from '../record/crm-facts.ts'
import { areApart } from '../rules/overlap.ts'
import type { PlacedCondition, PolicyPath } from './placed-conditions.ts'

/**
 * The condition on this field that a record has met before it gets to this one, where no value meets both: of the same list,
 * of the branch, of the scope. Only a description can tell: a field of several values may meet both.
 */
export function excludedBy(
  asked: PlacedCondition,
  all: readonly PlacedCondition[],
  { type }: FieldSchema,
): PlacedCondition | undefined {
  if (type === 'multi-picklist') return undefined
  const inner = listOf(asked.path)
  return all.find(
    (other) =>
      other !== asked &&
      other.condition.field === asked.condition.field &&
      isBefore(other.path, asked.path, inner) &&
      areApart(other.condition, asked.condition),
  )
}

function listOf(path: PolicyPath): string {
  return JSON.stringify(path.slice(0, -1))
}

function isBefore(path: PolicyPath, asked: PolicyPath, inner: string): boolean {
  const list = listOf(path)
  if (list === inner) return Number(path.at(-1)) < Number(asked.at(-1))
  if (asked[0] === 'territories' || asked[0] === 'customers') return false
  const isOfBranch =
    asked[0] === 'boundary' && asked[2] === 'rules' && list === JSON.stringify(['boundary', asked[1], 'when'])
  return isOfBranch || list === JSON.stringify(['scope'])
}
