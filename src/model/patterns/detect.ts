import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import { branchReview } from './branch-review.ts'
import { duplicateOwnership } from './duplicate-ownership.ts'
import { missingField } from './missing-field.ts'
import { noRule } from './no-rule.ts'
import { orphanedOwner } from './orphaned-owner.ts'
import { ownershipFlapping } from './ownership-flapping.ts'
import { type Case, type Detection, NOTHING } from './pattern.ts'
import { staleField } from './stale-field.ts'
import { staleTerritory } from './stale-territory.ts'

/** Runs one pattern of the policy on one record. `routing` is null while the record waits for nothing. */
export function detect(
  setting: PatternSetting,
  it: Case,
  compiled: CompiledPolicy,
  routing: Routing | null,
): Detection {
  switch (setting.pattern) {
    case 'missing-field':
      return missingField(setting, it)
    case 'stale-field':
      return staleField(setting, it)
    case 'duplicate-ownership':
      return duplicateOwnership(setting, it)
    case 'stale-territory':
      return staleTerritory(setting, it, compiled.territories)
    case 'orphaned-owner':
      return orphanedOwner(setting, it)
    case 'ownership-flapping':
      return ownershipFlapping(setting, it)
    case 'no-rule':
      return routing === null ? NOTHING : noRule(it, routing)
    case 'branch-review':
      return routing === null ? NOTHING : branchReview(it, routing.branch)
  }
}
