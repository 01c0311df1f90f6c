import { remembered } from '../matching/places/remembered.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import type { AskedInput } from '../policy/asked.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import { missesOf, type Routing, routingChange } from '../policy/routing.ts'
import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { RecordRef } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { isAccount } from '../rules/account-of.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import type { FactName } from '../rules/condition.ts'
import type { RuleMiss } from '../rules/evaluate.ts'
import { type FieldName, readFieldName } from '../rules/field-name.ts'
import { unreadText } from '../rules/place-facts.ts'
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
  found: { readonly finding: Finding; readonly setting: PatternSetting; readonly ahead?: CaseFacts } | null,
  /** What else was read, by its name. */
  more: Readonly<Record<string, string>> = {},
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
        : wouldClear(compiled, found.ahead ?? facts, routing, found.finding, found.setting),
    inputs: inputsOf(compiled, facts, routing, { ...found?.finding.evidence, ...more }),
  }
}

/** Every input that the outcome rests on, with its age where the CRM tells it. */
function inputsOf(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch }: Routing,
  evidence: Finding['evidence'],
): Receipt['inputs'] {
  const inputs: Record<string, Input> = {}
  const ownerField = facts.shape.owner
  for (const input of branch?.asked ?? compiled.asked) inputs[input.name] = inputAt(input, facts)
  const ownerChangedAt = changedAt({ kind: 'own', field: ownerField, only: null }, facts)
  inputs[ownerField] ??= asInput(knownValue(facts.record, ownerField), ownerChangedAt)
  for (const [name, value] of Object.entries(evidence)) {
    inputs[name] ??= { value, changedAt: changedAt(fieldNamed(name), facts) }
  }
  return inputs
}

const fieldNamed = remembered(readFieldName)

type Input = {
  readonly value: FieldText
  readonly changedAt: string | null
  /** Why the value is not known, in words; or that its text names nothing; absent where it is known, and then null means blank. */
  readonly unknown?: string
}

function inputAt({ parsed, read }: AskedInput, facts: CaseFacts): Input {
  const value = read(facts)
  const at = changedAt(parsed, facts)
  const mayBeUnread = parsed?.kind === 'fact' && typeof value === 'string' && value.startsWith('"')
  const unread = mayBeUnread ? unreadText(parsed.fact, facts) : null
  return unread === null ? asInput(value, at) : { ...asInput(value, at), unknown: unread.says }
}

function asInput(value: Known, at: string | null): Input {
  return value instanceof Unknown
    ? { value: null, changedAt: null, unknown: unknownInWords(value) }
    : { value, changedAt: at }
}

function changedAt(parsed: FieldName | null, facts: CaseFacts): string | null {
  const { record, shape, neighbours } = facts
  if (parsed === null) return null
  const linked = parsed.kind === 'account' && !isAccount(facts) ? neighbours.account : record
  const source = linked instanceof Unknown ? null : linked
  const field = parsed.kind === 'fact' ? fieldBelow(parsed.fact, shape) : parsed.field
  const stamp = field === null ? undefined : source?.stamps[field]
  return stamp === undefined ? null : isoOf(stamp.atMs)
}

/** The one field that a fact is read from; null where it rests on more, or on none. */
function fieldBelow(fact: FactName, shape: ObjectShape): string | null {
  if (fact === 'fact.country') return shape.country
  if (fact === 'fact.state') return shape.state
  return fact.startsWith('fact.owner') ? shape.owner : null
}

/** Many more moments than the records of one batch changed at. */
const SPELLED_MAX = 10_000
const spelled = new Map<number, string>()

/** Most fields of a record changed at a few moments, and spelling one out costs as much as deciding. */
function isoOf(atMs: number): string {
  let iso = spelled.get(atMs)
  if (iso === undefined) {
    iso = new Date(atMs).toISOString()
    if (spelled.size >= SPELLED_MAX) spelled.clear()
    spelled.set(atMs, iso)
  }
  return iso
}
