import type { Known } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { fieldReader } from '../rules/facts.ts'
import { type FieldName, readFieldName } from '../rules/field-name.ts'
import type { Policy } from './policy.ts'

/** An input that a decision may rest on, made ready to be read into a receipt. */
export type AskedInput = {
  readonly name: string
  readonly parsed: FieldName | null
  readonly read: (facts: CaseFacts) => Known
}

export function askedInput(name: string): AskedInput {
  return { name, parsed: readFieldName(name), read: fieldReader(name) }
}

/** What the scope, the action and the inputs of one branch ask about, once each, in this order. */
export function askedInputs({ scope, action }: Policy, ofBranch: readonly string[]): AskedInput[] {
  const names = new Set(scope.map(({ field }) => field))
  if (action.when !== 'never') for (const { field } of action.when) names.add(field)
  for (const name of ofBranch) names.add(name)
  return [...names].map(askedInput)
}
