import type { Finding } from '../patterns/contract/finding.ts'
import type { AskedInput } from '../policy/asked.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import { missesOf, type Routing, routingChange } from '../policy/routing.ts'
import type { FieldText } from '../record/change-event.ts'
import type { RecordRef } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { RuleMiss } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { type FieldName, readFieldName } from '../rules/field-name.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { wouldClear } from './would-clear.ts'

/** M56, M57: enough to check the decision without us. Canonical JSON of this is what the ledger hashes. */
export type Receipt = {
  readonly policy: string
  readonly workflow: string
  readonly record: RecordRef
  readonly decidedAt: string
  /** Name of the branch that the record falls into, and its mode. Null when none does. */
  readonly branch: string | null
  readonly mode: 'rules' | 'review' | 'manual' | null
  /** The rule that fired, if one did. */
  readonly rule: string | null
  readonly because: string | null
  readonly misses: readonly RuleMiss[]
  /** The smallest change of an input that would have changed the outcome, in words. */
  readonly wouldChange: string | null
  /** Inputs that mattered: value and when it last changed (ISO), or null when unknown. */
  readonly inputs: Readonly<Record<string, Input>>
}

/** M56: what was known, which rule fired and why no other did. `found` null: the workflow's ordinary action. */
export function makeReceipt(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  found: { readonly finding: Finding; readonly setting: PatternSetting } | null,
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
  const ownerChangedAt = changedAt({ kind: 'own', field: ownerField, only: null }, facts)
  inputs[ownerField] ??= asInput(knownValue(facts.record, ownerField), ownerChangedAt)
  for (const [name, value] of Object.entries(finding?.evidence ?? {})) {
    inputs[name] ??= { value, changedAt: changedAt(readFieldName(name), facts) }
  }
  return inputs
}

type Input = {
  readonly value: FieldText
  readonly changedAt: string | null
  /** Why the value is not known, in words; absent where it is, and then null means blank. */
  readonly unknown?: string
}

function inputAt({ parsed, read }: AskedInput, facts: CaseFacts): Input {
  return asInput(read(facts), changedAt(parsed, facts))
}

function asInput(value: Known, at: string | null): Input {
  return value instanceof Unknown
    ? { value: null, changedAt: null, unknown: unknownInWords(value) }
    : { value, changedAt: at }
}

function changedAt(parsed: FieldName | null, { record, shape, neighbours }: CaseFacts): string | null {
  if (parsed === null) return null
  const linked = parsed.kind === 'account' && shape.about !== 'account' ? neighbours.account : record
  const source = linked instanceof Unknown ? null : linked
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
