import type { ObjectRef } from '../model/policy/policy.ts'
import type { Condition, Conditions } from '../model/rules/condition.ts'
import { readFieldName } from '../model/rules/field-name.ts'
import { mayOverlap } from '../model/rules/overlap.ts'
import { renderCondition } from '../model/rules/render.ts'

type Path = (string | number)[]
type Placed = { readonly path: Path; readonly when: Conditions }

type Checked = {
  readonly objects: readonly ObjectRef[]
  readonly conditions: readonly Placed[]
  readonly boundary: readonly { readonly when: Conditions; readonly rules: readonly { readonly when: Conditions }[] }[]
}

/** Conditions that are possible one by one and never together, and such as ask about what the workflow does not watch. */
export function checkTogether(
  { objects, conditions, boundary }: Checked,
  refuse: (path: Path, message: string) => void,
): void {
  for (const { path, when } of conditions) {
    for (const [i, condition] of when.entries()) {
      const other = when.slice(0, i).find((one) => isAgainst(one, condition))
      if (other !== undefined) refuse([...path, i], against(condition, other, 'the same list'))
      const why = notWatched(condition.field, objects)
      if (why !== null) refuse([...path, i, 'field'], why)
    }
  }
  for (const [b, branch] of boundary.entries()) {
    for (const [r, rule] of branch.rules.entries()) {
      for (const [i, condition] of rule.when.entries()) {
        const other = branch.when.find((one) => isAgainst(one, condition))
        if (other !== undefined) refuse(['boundary', b, 'rules', r, 'when', i], against(condition, other, 'its branch'))
      }
    }
  }
}

/** A field of the CRM may hold several values and so be in two lists at once; a derived fact never does. */
function isAgainst(one: Condition, other: Condition): boolean {
  const isFact = readFieldName(one.field)?.kind === 'fact'
  const isBlank = one.op === 'blank' || other.op === 'blank'
  return one.field === other.field && (isFact || isBlank) && !mayOverlap([one], [other])
}

function against(condition: Condition, other: Condition, where: string): string {
  return `can never hold: "${renderCondition(condition)}" and "${renderCondition(other)}" of ${where} exclude each other; leave one of them out`
}

function notWatched(name: string, objects: readonly ObjectRef[]): string | null {
  const parsed = readFieldName(name)
  if (parsed?.kind !== 'own' || parsed.only === null) return null
  const { crm, object } = parsed.only
  if (objects.some((ref) => ref.crm === crm && ref.object === object)) return null
  const watched = objects.map((ref) => `${ref.crm}.${ref.object}`).join(', ')
  return `"${name}" is of ${crm}.${object}, which the workflow does not watch, so that it is always blank; it watches ${watched}`
}
