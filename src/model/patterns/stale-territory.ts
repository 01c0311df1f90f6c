import type { CompiledTerritory } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import { comparableText } from '../record/comparable-text.ts'
import { crmProfile } from '../record/crm-profile.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { firstMatch } from '../rules/evaluate.ts'
import { isBlank, unreadableBehind } from '../rules/facts.ts'
import { together } from '../rules/render.ts'
import { assignedTerritories } from './assigned-territories.ts'
import { type Case, type Detection, finding, found, NOTHING } from './pattern.ts'
import { personInWords } from './wording.ts'

/** The territory or owner on the record is not what the territory table gives for its present values. */
export function staleTerritory(
  setting: Extract<PatternSetting, { pattern: 'stale-territory' }>,
  { facts }: Case,
  territories: readonly CompiledTerritory[],
): Detection {
  const { record, shape, owner, ownerState, directory } = facts
  const row = firstMatch(territories, facts)
  if (row === null) return NOTHING
  const { territory, members } = row
  const unreadable = row.fields.flatMap((field) => unreadableBehind(field, facts))
  const present = record.values[setting.field] ?? null
  const isAssignment = setting.field === TERRITORIES
  const base = {
    pattern: 'stale-territory',
    unreadable,
    evidence: {
      ...Object.fromEntries(row.when.map(({ condition, read }) => [condition.field, read(facts)])),
      // What nobody has asked yet is not the same as none.
      ...(isAssignment && record.unreadable.has(TERRITORIES) ? {} : { [setting.field]: present }),
      'territory by table': territory.territory,
      'fact.owner': owner?.email ?? null,
    },
  } as const

  if (isAssignment) {
    const assigned = assignedTerritories(record)
    if (assigned.inWords.length > 0 && !assigned.includes(row)) {
      const where = together(assigned.inWords)
      return found(
        finding({
          ...base,
          what: `This ${shape.noun} is assigned to ${where}, but its present values belong to ${territory.territory} (${territory.title}).`,
          todo: `In ${crmProfile(record.crm).title}, assign it to ${territory.title} instead of ${where}, and give it to ${together(territory.members)}, whoever fits. If the address is wrong, correct the address instead.`,
        }),
      )
    }
  } else if (!isBlank(present) && comparableText(present!) !== comparableText(territory.territory)) {
    return found(
      finding({
        ...base,
        what: `This ${shape.noun} says territory ${present}, but its present values belong to ${territory.territory} (${territory.title}).`,
        todo: `Set ${setting.field} to ${territory.territory} and the owner to ${together(territory.members)}, whoever fits. If the address is wrong, correct the address instead.`,
      }),
    )
  }
  if (ownerState === 'active' && owner !== undefined && !members.has(owner.email ?? '')) {
    return found(
      finding({
        ...base,
        what: `${personInWords(owner)} owns this ${shape.noun} but does not work its territory ${territory.territory} (${territory.title}).`,
        todo: `Give it to ${together(territory.members)}, whoever fits. If ${personInWords(owner)} should keep it, agree that with the workflow owner.`,
      }),
    )
  }
  for (const email of members) if (directory.personByEmail(record.connectionId, email) !== undefined) return NOTHING
  return found(
    finding({
      ...base,
      what: `Nobody who works the territory ${territory.territory} (${territory.title}) is an active user of this CRM.`,
      cause: `territory-vacant/${territory.territory}`,
      causeTitle: `Nobody works the territory ${territory.title}`,
      todo: `Name somebody for ${territory.title} in the territory table. Until then decide yourself who takes this ${shape.noun}.`,
    }),
  )
}
