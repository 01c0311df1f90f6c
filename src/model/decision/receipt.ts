import { assignedTerritories } from '../patterns/assigned-territories.ts'
import { detect } from '../patterns/detect.ts'
import type { Finding } from '../patterns/finding.ts'
import type { AskedInput } from '../policy/asked.ts'
import type { CompiledPolicy, CompiledTerritory } from '../policy/compile.ts'
import type { BuiltInSetting, PatternSetting } from '../policy/policy.ts'
import { missesOf, type Routing, routingChange } from '../policy/routing.ts'
import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { type CaseFacts, caseFacts, isBlank } from '../rules/facts.ts'
import { type FieldName, readFieldName } from '../rules/field-name.ts'
import { together } from '../rules/render.ts'
import type { Receipt } from './decision.ts'

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
    decidedAt: isoOf(facts.nowMs),
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
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch }: Routing,
  finding: Finding | null,
): Receipt['inputs'] {
  const inputs: Record<string, Input> = {}
  const ownerField = facts.shape.owner
  for (const input of branch?.asked ?? compiled.asked) inputs[input.name] = inputAt(input, facts)
  inputs[ownerField] ??= {
    value: blankToNull(facts.record.values[ownerField]),
    changedAt: changedAt({ kind: 'own', field: ownerField, only: null }, facts),
  }
  for (const [name, value] of Object.entries(finding?.evidence ?? {})) {
    inputs[name] ??= { value, changedAt: changedAt(readFieldName(name), facts) }
  }
  return inputs
}

function blankToNull(value: FieldText | undefined): FieldText {
  return isBlank(value) ? null : (value ?? null)
}

type Input = { readonly value: FieldText; readonly changedAt: string | null }

function inputAt({ parsed, read }: AskedInput, facts: CaseFacts): Input {
  return { value: read(facts), changedAt: changedAt(parsed, facts) }
}

function changedAt(parsed: FieldName | null, { record, shape, neighbours }: CaseFacts): string | null {
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
  return stamp === undefined ? null : isoOf(stamp.atMs)
}

let lastMs = Number.NaN
let lastIso = ''

/** Most fields of a record changed at the one moment when it was made, and spelling it out costs as much as deciding. */
function isoOf(atMs: number): string {
  if (atMs !== lastMs) {
    lastIso = new Date(atMs).toISOString()
    lastMs = atMs
  }
  return lastIso
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
  const isStillConnected = (changed: CrmRecord, nowMs: number) => {
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
    if (!isStillConnected(changed, facts.nowMs)) return change.says
  }
  const { nextRecheckAtMs } = detect(setting, { facts, policy: compiled.policy }, compiled, null)
  if (nextRecheckAtMs !== null && !isStillConnected(record, nextRecheckAtMs)) {
    return `Left alone until ${new Date(nextRecheckAtMs).toISOString()}, it would clear by itself.`
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
      const isAssignment = setting.field === TERRITORIES
      const says = isAssignment
        ? `If it were assigned to ${right} instead of ${together(assignedTerritories(record).inWords)}, this would not be an exception.`
        : `If ${setting.field} were ${right} instead of ${from}, this would not be an exception.`
      const row = compiled.territories.find(({ territory }) => territory.territory === right)
      return [
        { field: setting.field, to: right, says },
        ...ownerTo(row?.members ?? []),
        ...addressChanges(
          compiled.territories.filter((one) =>
            isAssignment ? assignedTerritories(record).includes(one) : one.territory.territory === from,
          ),
          facts,
        ),
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
