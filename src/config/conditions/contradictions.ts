import type { ObjectRef } from '../../model/policy/policy.ts'
import { zoneOf } from '../../model/record/wall-clock.ts'
import type { Condition, Conditions } from '../../model/rules/condition.ts'
import { valueTest } from '../../model/rules/evaluate.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { areSurelyApart } from '../../model/rules/overlap.ts'
import { renderCondition } from '../../model/rules/render.ts'
import { areRead } from './condition-document.ts'

type Path = (string | number)[]

/** A list of conditions, and those that a record has met already before it is asked: of its scope, of its branch. */
export type Placed = {
  readonly path: Path
  readonly when: Conditions
  readonly within?: readonly { readonly of: string; readonly when: Conditions }[]
}

type Refuse = (path: Path, message: string) => void

/** Conditions that are possible one by one and never together, and such as ask about what the workflow does not watch. */
export function checkTogether(
  { objects, conditions }: { readonly objects: readonly ObjectRef[]; readonly conditions: readonly Placed[] },
  refuse: Refuse,
): void {
  const plain = onOneObject(objects)
  for (const { path, when, within = [] } of conditions) {
    const lists = within.map(({ of, when: outer }) => ({ of, when: outer.map(plain) }))
    for (const [i, written] of when.entries()) {
      const why = notWatched(written.field, objects)
      if (why !== null) {
        refuse([...path, i, 'field'], why)
        continue
      }
      const condition = plain(written)
      const before = [{ of: 'the same list', when: when.slice(0, i).map(plain) }, ...lists]
      const message = against(condition, before) ?? ofNoObject(condition, before, objects)
      if (message !== null) refuse([...path, i], message)
    }
  }
}

/** A workflow that watches one object only asks the same with and without the name of that object. */
export function onOneObject(objects: readonly ObjectRef[]): (condition: Condition) => Condition {
  if (objects.length !== 1) return (condition) => condition
  return (condition) => {
    const name = readFieldName(condition.field)
    if (name?.kind !== 'own' || name.only === null || name.currency !== undefined) return condition
    return { ...condition, field: name.field }
  }
}

type List = { readonly of: string; readonly when: Conditions }

/** Why the condition can never hold beside one that is in one of the lists; null: it can. */
export function against(condition: Condition, lists: readonly List[]): string | null {
  for (const { of, when } of lists) {
    if (!areRead([condition, ...when])) continue
    const other = when.find((one) => areSurelyApart(one, condition))
    if (other === undefined) continue
    return `can never hold: "${renderCondition(condition)}" and "${renderCondition(other)}" of ${of} exclude each other; leave one of them out`
  }
  return null
}

/** What is asked of a record's CRM and object must be true of one that the workflow watches. */
function ofNoObject(condition: Condition, lists: readonly List[], objects: readonly ObjectRef[]): string | null {
  const asked = [condition, ...lists.flatMap(({ when }) => when)]
  if (!isAboutObject(condition) || !areRead(asked)) return null
  if (objects.some((ref) => asked.every((one) => mayBeOf(one, ref)))) return null
  const watched = objects.map(({ crm, object }) => `${crm}.${object}`).join(', ')
  return `can never hold: "${renderCondition(condition)}" is true of no record here, because the workflow watches ${watched}; correct it, or add the object to objects`
}

function isAboutObject({ field }: Condition): boolean {
  const name = readFieldName(field)
  if (name?.kind === 'fact') return name.fact === 'fact.crm' || name.fact === 'fact.object'
  return name?.kind === 'own' && name.only !== null
}

function mayBeOf(condition: Condition, { crm, object }: ObjectRef): boolean {
  const { field, op } = condition
  if (field === 'fact.crm' || field === 'fact.object') {
    return valueTest(condition, zoneOf('UTC'))(field === 'fact.crm' ? crm : object, 0, false) === true
  }
  const name = readFieldName(field)
  if (name?.kind !== 'own' || name.only === null || op === 'blank' || op === 'not-in') return true
  return name.only.crm === crm && name.only.object === object
}

function notWatched(name: string, objects: readonly ObjectRef[]): string | null {
  const parsed = readFieldName(name)
  if (parsed?.kind !== 'own' || parsed.only === null) return null
  const { crm, object } = parsed.only
  if (objects.some((ref) => ref.crm === crm && ref.object === object)) return null
  const watched = objects.map((ref) => `${ref.crm}.${ref.object}`).join(', ')
  return `"${name}" is of ${crm}.${object}, which the workflow does not watch, so that it is always blank; it watches ${watched}`
}
