import { knownZone } from '../calendar/known-zone.ts'
import { personEmail } from '../matching/person-email.ts'
import { territoryName } from '../matching/territory-name.ts'
import type { Crm } from '../record/change-event.ts'
import { linkedEmails, NO_COMPANY_PEOPLE } from '../record/company-people.ts'
import type { Conditions, RuleOwner } from '../rules/condition.ts'
import { type CompiledConditions, type CompiledRule, compileConditions } from '../rules/evaluate.ts'
import { type AgingRow, agingRows, isAging } from '../rules/next-flip.ts'
import { renderOwner } from '../rules/render.ts'
import { type ChangeSearch, prepareChanges } from '../rules/smallest-change.ts'
import { indexTable } from '../rules/table-index.ts'
import { type AskedInput, askedInputs } from './asked.ts'
import type { Branch, ClassRule, PatternSetting, Policy, PolicyVersion, Territory } from './policy.ts'

export type CompiledClassRule = { readonly rule: ClassRule; readonly when: CompiledConditions }

export type CompiledBranch = {
  readonly branch: Branch
  /** Its first row among the routes of all branches. */
  readonly firstRow: number
  readonly when: CompiledConditions
  readonly table: readonly CompiledRule[]
  /** Everything that the branch and its table ask about, once each. */
  readonly inputs: readonly string[]
  /** The same and what the workflow itself asks about, for receipts. */
  readonly asked: readonly AskedInput[]
}

export type CompiledTerritory = {
  readonly territory: Territory
  readonly when: CompiledConditions
  readonly members: ReadonlySet<string>
  /** What the CRM may call it: the table's id or its title, as names of territories are compared. */
  readonly names: ReadonlySet<string>
}

/** One row of all branches read as one first-match table: a rule, or what its branch says when no rule matches. */
export type Route = { readonly branch: CompiledBranch; readonly rule: CompiledRule | null; readonly outcome: string }

/** A policy with every condition turned into a closure, and its branches into one indexed table. */
export type CompiledPolicy = {
  readonly version: PolicyVersion
  readonly policy: Policy
  readonly scope: CompiledConditions
  readonly waits: CompiledConditions | 'never'
  readonly pilot: CompiledConditions | null
  readonly classes: readonly CompiledClassRule[]
  readonly branches: readonly CompiledBranch[]
  /** What the workflow asks about where no branch does. */
  readonly asked: readonly AskedInput[]
  readonly routes: readonly Route[]
  readonly search: ChangeSearch
  readonly territories: readonly CompiledTerritory[]
  readonly aging: Aging
  /** Patterns of one watched object. Absent: the workflow does not watch it. In two steps, as joining costs more. */
  readonly settings: ReadonlyMap<Crm, ReadonlyMap<string, readonly PatternSetting[]>>
}

/** What of the policy asks for an age, so that time alone may change its answer. */
export type Aging = {
  readonly scope: boolean
  readonly waits: boolean
  readonly pilot: boolean
  readonly classes: boolean
  readonly routes: readonly AgingRow[]
  readonly territories: readonly AgingRow[]
}

/** Keyed by the version object itself, so it lives as long as the version and no longer. */
const compiledVersions = new WeakMap<PolicyVersion, CompiledPolicy>()

export function compilePolicy(version: PolicyVersion): CompiledPolicy {
  let compiled = compiledVersions.get(version)
  if (compiled === undefined) {
    compiled = compile(version)
    compiledVersions.set(version, compiled)
  }
  return compiled
}

function compile(version: PolicyVersion): CompiledPolicy {
  const { policy } = version
  const branches: CompiledBranch[] = []
  const routes: Route[] = []
  for (const branch of policy.boundary) {
    const made = compileBranch(policy, branch, routes.length)
    branches.push(made)
    routes.push(...routesOf(made))
  }
  const scope = compiled(policy, policy.scope)
  const waits = policy.action.when === 'never' ? 'never' : compiled(policy, policy.action.when)
  const pilot = policy.pilot === null ? null : compiled(policy, policy.pilot.when)
  const classes = policy.classes.map((rule) => ({ rule, when: compiled(policy, rule.when) }))
  const rows = routes.map(({ branch, rule }) => (rule === null ? branch.when : [...branch.when, ...rule.when]))
  const territories = compileTerritories(policy)
  return {
    version,
    policy,
    scope,
    waits,
    pilot,
    classes,
    branches,
    asked: askedInputs(policy, []),
    routes,
    search: prepareChanges(indexTable(rows)),
    territories,
    aging: {
      scope: isAging(scope),
      waits: waits !== 'never' && isAging(waits),
      pilot: pilot !== null && isAging(pilot),
      classes: classes.some(({ when }) => isAging(when)),
      routes: agingRows(rows),
      territories: agingRows(territories.map(({ when }) => when)),
    },
    settings: new Map([...new Set(policy.objects.map(({ crm }) => crm))].map((crm) => [crm, settingsOf(policy, crm)])),
  }
}

function compiled(policy: Policy, conditions: Conditions): CompiledConditions {
  return compileConditions(withLinkedOwners(conditions, policy), zoneOfDays(policy))
}

/** Who asks for an owner by one e-mail means the person, whose user in the other CRM may have another one. */
function withLinkedOwners(conditions: Conditions, { people = NO_COMPANY_PEOPLE }: Policy): Conditions {
  const linked = (email: string) => linkedEmails(people, personEmail(email))
  return conditions.map((condition) =>
    condition.field === 'fact.owner' && (condition.op === 'in' || condition.op === 'not-in')
      ? { ...condition, values: [...new Set(condition.values.flatMap(linked))] }
      : condition,
  )
}

/** Days in conditions are those of the company. A stored version may name a zone that this runtime does not have. */
function zoneOfDays({ calendar }: Policy): string {
  return knownZone(calendar.timeZone) ?? 'UTC'
}

function compileTerritories(policy: Policy): CompiledTerritory[] {
  return policy.territories.map((territory) => ({
    territory,
    when: compiled(policy, territory.when),
    members: new Set(territory.members),
    names: new Set([territoryName(territory.territory), territoryName(territory.title)]),
  }))
}

function compileBranch(policy: Policy, branch: Branch, firstRow: number): CompiledBranch {
  const inputs = [...new Set([...branch.when, ...branch.rules.flatMap((rule) => rule.when)].map(({ field }) => field))]
  return {
    branch,
    firstRow,
    when: compiled(policy, branch.when),
    table: branch.rules.map((rule) => ({ rule, when: compiled(policy, rule.when) })),
    inputs,
    asked: askedInputs(policy, inputs),
  }
}

function routesOf(branch: CompiledBranch): Route[] {
  const { branch: name, mode } = branch.branch
  if (mode !== 'rules') return [{ branch, rule: null, outcome: `a person would decide it in the branch ${name}` }]
  return [
    ...branch.table.map((rule) => ({ branch, rule, outcome: outcomeOf(rule.rule.owner) })),
    { branch, rule: null, outcome: `no rule of the branch ${name} would cover it` },
  ]
}

function outcomeOf(owner: RuleOwner): string {
  return owner === 'leave-alone' ? 'it would be left alone' : `${renderOwner(owner)} would get it`
}

function settingsOf(policy: Policy, crm: Crm): Map<string, PatternSetting[]> {
  const watched = policy.objects.filter((ref) => ref.crm === crm)
  return new Map(watched.map(({ object }) => [object, settingsFor(policy, crm, object)]))
}

function settingsFor(policy: Policy, crm: Crm, object: string): PatternSetting[] {
  return policy.patterns.filter(({ only }) => only === undefined || (only.crm === crm && only.object === object))
}
