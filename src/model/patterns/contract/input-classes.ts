import { writtenOnce } from '../../policy/canonical.ts'
import type { CompiledBranch, CompiledPolicy } from '../../policy/compile.ts'
import { Unknown } from '../../record/knowledge.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'
import type { CompiledConditions } from '../../rules/evaluate.ts'
import { isBlank } from '../../rules/facts.ts'

/**
 * Where the values of a record lie among these conditions: of each input the conditions that hold, whatever the others say.
 * From 18 to 19 employees nothing changes, and an edit of the table changes it only for records that the edited row is about.
 */
export function inputClasses(
  conditions: CompiledConditions,
  facts: CaseFacts,
): Record<string, readonly string[] | string> {
  const classes: Record<string, string[] | string> = {}
  for (const { condition, read, holds } of conditions) {
    const { field } = condition
    const value = read(facts)
    if (value instanceof Unknown || isBlank(value)) {
      classes[field] = value instanceof Unknown ? 'unknown' : 'blank'
      continue
    }
    const ofField = classes[field] ?? []
    classes[field] = ofField
    if (typeof ofField === 'string' || holds(facts) !== true) continue
    const says = writtenOnce(condition).json
    if (!ofField.includes(says)) ofField.push(says)
  }
  for (const one of Object.values(classes)) if (typeof one !== 'string') one.sort()
  return classes
}

/** The same for what sends a record into this branch and to a rule of it, earlier branches included. */
export function branchInputs(
  branch: CompiledBranch,
  { branches }: CompiledPolicy,
  facts: CaseFacts,
): Readonly<Record<string, unknown>> {
  const asked = branches.slice(0, branches.indexOf(branch) + 1)
  return inputClasses(
    asked.flatMap(({ when, table }) => [...when, ...table.flatMap((rule) => rule.when)]),
    facts,
  )
}
