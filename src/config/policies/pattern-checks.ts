import { patternOf } from '../../model/patterns/registry.ts'
import type { ObjectRef, PatternSetting } from '../../model/policy/policy.ts'
import { isFieldOfOurs } from '../../model/record/territories-field.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { fieldNameMistake } from '../conditions/field-path-check.ts'

type Checked = { readonly patterns: readonly PatternSetting[]; readonly objects: readonly ObjectRef[] }
type Path = (string | number)[]
type Refuse = (path: Path, message: string) => void

/** What a pattern would look at for ever without finding anything, and what two entries would find twice. */
export function checkPatterns({ patterns, objects }: Checked, refuse: Refuse): void {
  const watched = objects.map(({ crm, object }) => `${crm}.${object}`).join(', ')
  for (const [i, setting] of patterns.entries()) {
    const { only } = setting
    if (only !== undefined && !objects.some((ref) => isSame(ref, only))) {
      refuse(
        ['patterns', i, 'only'],
        `is ${only.crm}.${only.object}, which the workflow does not watch; it watches ${watched}`,
      )
    }
    const named = fieldsNamed(setting)
    for (const [n, { path, field }] of named.entries()) {
      const message = named.findIndex((one) => one.field === field) === n ? mistake(field) : `"${field}" is there twice`
      if (message !== null) refuse(['patterns', i, ...path], message)
    }
    const twin = patterns.slice(0, i).findIndex((other) => findSame(other, setting))
    if (twin !== -1) {
      refuse(
        ['patterns', i, 'pattern'],
        `${setting.pattern} is there twice for the same records (also as number ${twin + 1}); make one of both`,
      )
    }
  }
}

/** Every field that a setting names, with its place below the setting. */
export function fieldsNamed(setting: PatternSetting): { readonly path: Path; readonly field: string }[] {
  return Object.entries(patternOf(setting).parameters).flatMap(([name, { kind }]) => {
    if (kind === 'field') return [{ path: [name], field: setting[name] as string }]
    if (kind !== 'fields') return []
    return (setting[name] as readonly string[]).map((field, i) => ({ path: [name, i], field }))
  })
}

/** A pattern looks at fields of the record itself, by their own names. */
function mistake(field: string): string | null {
  if (isFieldOfOurs(field)) return null
  const name = readFieldName(field)
  if (name?.kind === 'fact') return `"${field}" is worked out from other fields; name the field of the record itself`
  if (name?.kind === 'account') {
    return `"${field}" is a field of the account, and a pattern looks at the record itself; watch it in a workflow of accounts`
  }
  if (name?.kind === 'own' && name.only !== null) {
    return `"${field}" has its object in it; write field ${name.field}, and beside it only: ${name.only.crm}.${name.only.object}`
  }
  return fieldNameMistake(field)
}

/** Two entries of one pattern may share the work by object or by field. */
function findSame(one: PatternSetting, other: PatternSetting): boolean {
  if (one.pattern !== other.pattern) return false
  if (one.only !== undefined && other.only !== undefined && !isSame(one.only, other.only)) return false
  const [mine, theirs] = [fieldsNamed(one), fieldsNamed(other)].map((named) => named.map(({ field }) => field))
  return mine!.length === 0 || mine!.some((field) => theirs!.includes(field))
}

function isSame(a: ObjectRef, b: ObjectRef): boolean {
  return a.crm === b.crm && a.object === b.object
}
