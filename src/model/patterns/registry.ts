import type { PatternName, PatternSetting } from '../policy/policy.ts'
import { branchReview } from './branch-review.ts'
import type { DeclaredFields, Pattern } from './contract/pattern.ts'
import { duplicateOwnership } from './duplicate-ownership.ts'
import { missingField } from './missing-field.ts'
import { noRule } from './no-rule.ts'
import { orphanedOwner } from './orphaned-owner.ts'
import { ownershipFlapping } from './ownership-flapping.ts'
import { staleField } from './stale-field.ts'
import { staleTerritory } from './stale-territory.ts'
import { unknownInput } from './unknown-input.ts'
import { writeRefused } from './write-refused.ts'

/** Every pattern of the product, in the order in which docs list them. */
let registered: readonly Pattern[] = [
  missingField,
  staleField,
  duplicateOwnership,
  staleTerritory,
  orphanedOwner,
  noRule,
  branchReview,
  ownershipFlapping,
  writeRefused,
  unknownInput,
]

let byName = indexed(registered)

/** A new list after each registration, so that what is derived from it can tell by identity whether it is up to date. */
export function patterns(): readonly Pattern[] {
  return registered
}

export function findPattern(name: PatternName): Pattern | undefined {
  return byName.get(name)
}

/** The pattern behind a setting of a loaded policy. Loading has checked the name, so a missing one is our mistake. */
export function patternOf({ pattern: name }: PatternSetting): Pattern {
  const pattern = byName.get(name)
  if (pattern === undefined) throw new RangeError(`Pattern "${name}" is not registered in patterns/registry.ts`)
  return pattern
}

/** The fields that one setting of a policy needs. */
export function fieldsOf(setting: PatternSetting): DeclaredFields {
  return patternOf(setting).fields(setting)
}

/** For tests of the registry: one more pattern until the returned function is called. The product lists its own above. */
export function registerPattern(pattern: Pattern): () => void {
  if (byName.has(pattern.name)) throw new RangeError(`Pattern "${pattern.name}" is already registered`)
  replace([...registered, pattern])
  return () => replace(registered.filter((one) => one !== pattern))
}

function replace(list: readonly Pattern[]): void {
  registered = list
  byName = indexed(list)
}

function indexed(list: readonly Pattern[]): ReadonlyMap<PatternName, Pattern> {
  return new Map(list.map((pattern) => [pattern.name, pattern]))
}
