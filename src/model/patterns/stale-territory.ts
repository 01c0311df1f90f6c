import type { CompiledTerritory } from '../policy/compile.ts'
import { comparableText } from '../record/comparable-text.ts'
import { crmProfile } from '../record/crm-profile.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { firstMatch } from '../rules/evaluate.ts'
import { type CaseFacts, isBlank, unreadableBehind } from '../rules/facts.ts'
import { together } from '../rules/render.ts'
import { assignedTerritories } from './assigned-territories.ts'
import { type ClearingChange, ownerChanges } from './clearing-change.ts'
import type { Finding } from './finding.ts'
import { ONLY } from './parameter.ts'
import { definePattern, finding, found, NOTHING } from './pattern.ts'
import { personInWords } from './wording.ts'

/** The territory or owner on the record is not what the territory table gives for its present values. */
export const staleTerritory = definePattern({
  name: 'stale-territory',
  title: 'Stale territory',
  label: 'stale territory',
  meaning: "The record's territory or owner is not the one that the territory table gives for its present values.",
  parameters: {
    only: ONLY,
    field: {
      kind: 'field',
      says: 'The field that holds the territory. `@territories`: what the CRM assigns the record to.',
    },
  },
  floor: 'risky',
  sentence: ({ field }) =>
    field === TERRITORIES
      ? 'no territory that the CRM assigns the record to, or not the owner, is what the territory table says for the record today'
      : `${field} or the owner is not what the territory table says for the record today`,
  fields: ({ field }) => ({ read: [field], aged: [] }),
  detect({ field }, { facts, compiled }) {
    const row = firstMatch(compiled.territories, facts)
    if (row === null) return NOTHING
    const wrong =
      (field === TERRITORIES ? wrongAssignment(row, facts) : wrongField(field, row, facts)) ??
      wrongOwner(row, facts) ??
      vacantTerritory(row, facts)
    return wrong === null ? NOTHING : found(staleFinding(wrong, field, row, facts))
  },
  clearing({ field }, { finding: { evidence } }, { facts, compiled }) {
    const { record } = facts
    const right = evidence['territory by table'] ?? ''
    const from = evidence[field] ?? 'blank'
    const isAssignment = field === TERRITORIES
    const says = isAssignment
      ? `If it were assigned to ${right} instead of ${together(assignedTerritories(record).inWords)}, this would not be an exception.`
      : `If ${field} were ${right} instead of ${from}, this would not be an exception.`
    const row = compiled.territories.find(({ territory }) => territory.territory === right)
    const present = compiled.territories.filter((one) =>
      isAssignment ? assignedTerritories(record).includes(one) : one.territory.territory === from,
    )
    return [{ field, to: right, says }, ...ownerChanges(row?.members ?? [], facts), ...addressChanges(present, facts)]
  },
})

type Wrong = Pick<Finding, 'what' | 'todo'> & Partial<Pick<Finding, 'cause' | 'causeTitle'>>

function staleFinding(wrong: Wrong, field: string, row: CompiledTerritory, facts: CaseFacts): Finding {
  const { record, owner } = facts
  // An assignment that was not read yet is not the same as none.
  const isNotRead = field === TERRITORIES && record.unreadable.has(TERRITORIES)
  return finding({
    pattern: 'stale-territory',
    unreadable: row.fields.flatMap((name) => unreadableBehind(name, facts)),
    evidence: {
      ...Object.fromEntries(row.when.map(({ condition, read }) => [condition.field, read(facts)])),
      ...(isNotRead ? {} : { [field]: record.values[field] ?? null }),
      'territory by table': row.territory.territory,
      'fact.owner': owner?.email ?? null,
    },
    ...wrong,
  })
}

function wrongAssignment(row: CompiledTerritory, { record, shape }: CaseFacts): Wrong | null {
  const { territory } = row
  const assigned = assignedTerritories(record)
  if (assigned.inWords.length === 0 || assigned.includes(row)) return null
  const where = together(assigned.inWords)
  return {
    what: `This ${shape.noun} is assigned to ${where}, but its present values belong to ${territory.territory} (${territory.title}).`,
    todo: `In ${crmProfile(record.crm).title}, assign it to ${territory.title} instead of ${where}, and give it to ${together(territory.members)}, whoever fits. If the address is wrong, correct the address instead.`,
  }
}

function wrongField(field: string, { territory }: CompiledTerritory, { record, shape }: CaseFacts): Wrong | null {
  const present = record.values[field] ?? null
  if (isBlank(present) || comparableText(present!) === comparableText(territory.territory)) return null
  return {
    what: `This ${shape.noun} says territory ${present}, but its present values belong to ${territory.territory} (${territory.title}).`,
    todo: `Set ${field} to ${territory.territory} and the owner to ${together(territory.members)}, whoever fits. If the address is wrong, correct the address instead.`,
  }
}

function wrongOwner({ territory, members }: CompiledTerritory, { shape, owner, ownerState }: CaseFacts): Wrong | null {
  if (ownerState !== 'active' || owner === undefined || members.has(owner.email ?? '')) return null
  return {
    what: `${personInWords(owner)} owns this ${shape.noun} but does not work its territory ${territory.territory} (${territory.title}).`,
    todo: `Give it to ${together(territory.members)}, whoever fits. If ${personInWords(owner)} should keep it, agree that with the workflow owner.`,
  }
}

function vacantTerritory({ territory, members }: CompiledTerritory, facts: CaseFacts): Wrong | null {
  const { record, shape, directory } = facts
  for (const email of members) if (directory.personByEmail(record.connectionId, email) !== undefined) return null
  return {
    what: `Nobody who works the territory ${territory.territory} (${territory.title}) is an active user of this CRM.`,
    cause: `territory-vacant/${territory.territory}`,
    causeTitle: `Nobody works the territory ${territory.title}`,
    todo: `Name somebody for ${territory.title} in the territory table. Until then decide yourself who takes this ${shape.noun}.`,
  }
}

/** Countries that would make the territory on the record the right one. */
function addressChanges(rows: readonly CompiledTerritory[], { shape, record }: CaseFacts): ClearingChange[] {
  const field = shape.country
  if (field === null) return []
  const countries = rows.flatMap(({ territory }) => {
    const condition = territory.when.find((one) => one.field === 'fact.country')
    return condition?.op === 'in' ? condition.values : []
  })
  return countries.map((to) => ({
    field,
    to,
    says: `If ${field} were ${to} instead of ${record.values[field] ?? 'blank'}, this would not be an exception.`,
  }))
}
