import type { Finding, Receipt } from './decision.ts'
import { detect } from './patterns/detect.ts'
import type { CompiledPolicy } from './policy/compile.ts'
import type { BuiltInSetting, PatternSetting } from './policy/policy.ts'
import { missesOf, type Routing, routingChange } from './policy/routing.ts'
import type { FieldText } from './record/change-event.ts'
import type { CrmRecord } from './record/crm-record.ts'
import { type CaseFacts, caseFacts, fieldReader } from './rules/facts.ts'
import { readFieldName } from './rules/field-name.ts'

/** M56: what was known, which rule fired and why no other did. `found` null: the workflow's ordinary action. */
export function makeReceipt(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  found: { readonly finding: Finding; readonly setting: PatternSetting | BuiltInSetting } | null,
): Receipt {
  const { version, policy } = compiled
  const { connectionId, objectType, recordId } = facts.record
  const { branch, winner } = routing
  return {
    policy: version.hash,
    workflow: policy.workflow,
    record: { connectionId, objectType, recordId },
    decidedAt: new Date(facts.nowMs).toISOString(),
    branch: branch?.branch.branch ?? null,
    mode: branch?.branch.mode ?? null,
    rule: winner?.rule.id ?? null,
    because: winner?.rule.because ?? null,
    misses: missesOf(compiled, routing),
    wouldChange:
      found === null
        ? routingChange(compiled, facts, routing)
        : wouldClear(compiled, facts, routing, found.finding, found.setting),
    inputs: inputsOf(compiled, facts, routing, found?.finding ?? null),
  }
}

/** Every input that the outcome rests on, with its age where the CRM tells it. */
function inputsOf(
  { policy }: CompiledPolicy,
  facts: CaseFacts,
  { branch }: Routing,
  finding: Finding | null,
): Receipt['inputs'] {
  const names = new Set<string>(policy.scope.map(({ field }) => field))
  if (policy.action.when !== 'never') for (const { field } of policy.action.when) names.add(field)
  for (const { field } of branch?.branch.when ?? []) names.add(field)
  for (const { when } of branch?.branch.rules ?? []) for (const { field } of when) names.add(field)
  names.add(facts.shape.owner)
  const inputs: Record<string, { value: FieldText; changedAt: string | null }> = {}
  for (const name of names) inputs[name] = { value: fieldReader(name)(facts), changedAt: changedAt(name, facts) }
  for (const [name, value] of Object.entries(finding?.evidence ?? {})) {
    inputs[name] ??= { value, changedAt: changedAt(name, facts) }
  }
  return inputs
}

function changedAt(name: string, { record, shape, neighbours }: CaseFacts): string | null {
  const parsed = readFieldName(name)
  if (parsed === null) return null
  const source = parsed.kind === 'account' && shape.about !== 'account' ? neighbours.account : record
  const field =
    parsed.kind === 'fact'
      ? parsed.fact === 'fact.country'
        ? shape.country
        : parsed.fact.startsWith('fact.owner')
          ? shape.owner
          : null
      : parsed.field
  const stamp = field === null ? undefined : source?.stamps[field]
  return stamp === undefined ? null : new Date(stamp.atMs).toISOString()
}

/** M57: the smallest change that would clear the case, verified by looking again; null where no single one would. */
function wouldClear(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  finding: Finding,
  setting: PatternSetting | BuiltInSetting,
): string | null {
  // These hang on where the routing leads: another owner, and the case is another or none.
  if (setting.pattern === 'no-rule' || setting.pattern === 'branch-review' || setting.pattern === 'write-refused')
    return routingChange(compiled, facts, routing)
  const { record, shape } = facts
  const stillThere = (changed: CrmRecord, nowMs: number) => {
    const again = caseFacts(changed, shape, facts.neighbours, facts.directory, nowMs)
    const { findings } = detect(setting, { facts: again, policy: compiled.policy }, compiled, null)
    return findings.some(({ detail }) => detail === finding.detail)
  }
  for (const change of clearingChanges(compiled, facts, routing, finding, setting)) {
    const changed: CrmRecord = {
      ...record,
      values: { ...record.values, [change.field]: change.to },
      stamps: { ...record.stamps, [change.field]: { atMs: facts.nowMs, order: 0 } },
    }
    if (!stillThere(changed, facts.nowMs)) return change.says
  }
  const { lookAgainAtMs } = detect(setting, { facts, policy: compiled.policy }, compiled, null)
  if (lookAgainAtMs !== null && !stillThere(record, lookAgainAtMs)) {
    return `Left alone until ${new Date(lookAgainAtMs).toISOString()}, it would clear by itself.`
  }
  return null
}

type ClearingChange = { readonly field: string; readonly to: string; readonly says: string }

function clearingChanges(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { winner }: Routing,
  finding: Finding,
  setting: PatternSetting,
): ClearingChange[] {
  const { record, shape, directory } = facts
  const ownerTo = (emails: Iterable<string>): ClearingChange[] =>
    [...emails].flatMap((email) => {
      const user = directory.personByEmail(record.connectionId, email)
      if (user === undefined) return []
      return [{ field: shape.owner, to: user.userId, says: `If ${email} owned it, this would not be an exception.` }]
    })
  switch (setting.pattern) {
    case 'missing-field':
      return finding.unreadable.length > 0
        ? []
        : [
            {
              field: finding.detail,
              to: 'any value',
              says: `If ${finding.detail} were filled in, this would not be an exception.`,
            },
          ]
    case 'stale-field': {
      const to = record.values[finding.detail] ?? ''
      return [
        { field: finding.detail, to, says: `If ${finding.detail} had changed today, this would not be an exception.` },
      ]
    }
    case 'stale-territory': {
      const right = finding.evidence['territory by table'] ?? ''
      const from = finding.evidence[setting.field] ?? 'blank'
      const says = `If ${setting.field} were ${right} instead of ${from}, this would not be an exception.`
      const row = compiled.territories.find(({ territory }) => territory.territory === right)
      return [
        { field: setting.field, to: right, says },
        ...ownerTo(row?.members ?? []),
        ...addressChanges(compiled, facts, from),
      ]
    }
    case 'orphaned-owner': {
      return ownerTo([...(winner === null ? [] : [winner.rule.owner]), ...compiled.policy.owners.reviewers.general])
    }
    case 'duplicate-ownership': {
      const other = finding.evidence['owner of the other'] ?? finding.evidence['owner of the account']
      return other == null ? [] : ownerTo([other])
    }
    default:
      return []
  }
}

/** Countries that would make the territory on the record the right one. */
function addressChanges(compiled: CompiledPolicy, { shape, record }: CaseFacts, territoryId: string): ClearingChange[] {
  const row = compiled.territories.find(({ territory }) => territory.territory === territoryId)
  const condition = row?.territory.when.find(({ field }) => field === 'fact.country')
  if (shape.country === null || condition === undefined || condition.op !== 'in') return []
  const field = shape.country
  return condition.values.map((to) => ({
    field,
    to,
    says: `If ${field} were ${to} instead of ${record.values[field] ?? 'blank'}, this would not be an exception.`,
  }))
}
