import type { CompiledPolicy } from '../../policy/compile.ts'
import type { PatternName, PatternSetting } from '../../policy/policy.ts'
import type { Routing } from '../../policy/routing.ts'
import type { ObjectShape } from '../../record/crm-profile.ts'
import type { Unknown } from '../../record/knowledge.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'
import type { ClearingChange } from './clearing-change.ts'
import type { Finding, RefusedWrite } from './finding.ts'
import type { Parameters, SettingOf } from './parameter.ts'

/**
 * Everything the product knows about one pattern. Policy files, explanations, tasks, API, console and docs all read
 * it from here, so a new pattern is one such object and its line in the registry.
 */
export type Pattern<Setting extends PatternSetting = PatternSetting> = {
  /** As policies, class rules and the ledger write it. Never changes once it is released. */
  readonly name: PatternName
  /** As headings, filters and lists show it. */
  readonly title: string
  /** As a task's subject says it after the class: "Risky: two owners, contact Jane Doe". */
  readonly label: string
  /** When it is found, in one sentence, for the docs. */
  readonly meaning: string
  readonly parameters: Parameters
  /** M9: the lowest class, where a wrong answer would change who works the record. Null: the policy may say expected. */
  readonly floor: 'risky' | null
  /** What ends such an exception: a new owner, which a rule may give; a value in the CRM; or only a person. */
  readonly endsBy: 'owner' | 'field' | 'person'
  /**
   * True: it stops being found when enough time has passed, although nothing changed. Time explains nothing, so an unknown
   * case of it does not end that way.
   */
  readonly endsWithTime: boolean
  /** What time alone does when its answer may change, to end "decided again on Monday, because". */
  readonly recheck: string
  /** What it looks at: the record, or where the policy's rules send it. No rule can settle the latter by itself. */
  readonly restsOn: 'record' | 'routing'
  /** Watched in every workflow; a policy cannot list it, leave it out or settle it. */
  readonly isBuiltIn: boolean
  /** One workflow's setting, as the explanation of its policy says it. */
  sentence(setting: Setting): string
  /** The fields it needs beyond what every record of the object has, see record/object-shape.ts. */
  fields(setting: Setting): DeclaredFields
  /**
   * The fields of the record itself that its answer rests on. One that is not known is reported once for all patterns, and
   * then "nothing found" is no proof that nothing is wrong.
   */
  inputs(setting: Setting, shape: ObjectShape): readonly (string | null)[]
  /** Finds only what is certain with what is known. What else it would have to know, it says. */
  detect(setting: Setting, input: PatternInput): Detection
  /** M57: changes that may end this exception, the most useful first. Each is tried before a receipt mentions it. */
  clearing(
    setting: Setting,
    found: { readonly finding: Finding; readonly routing: Routing },
    input: PatternInput,
  ): Iterable<ClearingChange>
}

export type DeclaredFields = {
  readonly read: readonly string[]
  /** Those of them whose age counts, so that their history is read too. */
  readonly aged: readonly string[]
}

/** One record under one policy. */
export type PatternInput = {
  readonly facts: CaseFacts
  readonly compiled: CompiledPolicy
  /** Null while the record does not wait for the workflow's action. */
  readonly routing: Routing | null
  /** The owner write that the CRM refused and that this decision would repeat. */
  readonly refused: RefusedWrite | null
  /** Set where the record is as a write of ours would leave it, and is judged before that write is made. Absent: as it is. */
  readonly ahead?: AheadOf
}

/** A write that is not made yet. */
export type AheadOf = {
  /** The rule that would make it. */
  readonly rule: string
  /** Of a pair of records that have one case between them, also the one that would be the other record's. */
  readonly bothSides: boolean
}

/** What a pattern finds on one record at one moment. */
export type Detection = {
  readonly findings: readonly Finding[]
  /** What kept it from finding more, besides its declared inputs. Null: nothing. */
  readonly unknown: Unknown | null
  /** When the answer can change although the record does not, as `recheck` says. Null: it cannot. */
  readonly nextRecheckAtMs: number | null
}

type Defaulted =
  | 'floor'
  | 'endsBy'
  | 'endsWithTime'
  | 'recheck'
  | 'restsOn'
  | 'isBuiltIn'
  | 'fields'
  | 'inputs'
  | 'clearing'

/** A pattern from what is particular to it; its parameters give the type of its settings. */
export function definePattern<const Declared extends Parameters>(
  parts: { readonly parameters: Declared } & Omit<Pattern<SettingOf<Declared>>, 'parameters' | Defaulted> &
    Partial<Pick<Pattern<SettingOf<Declared>>, Defaulted>>,
): Pattern<SettingOf<Declared>> {
  return {
    floor: null,
    endsBy: 'owner',
    endsWithTime: false,
    recheck: 'a grace period or window ends then',
    restsOn: 'record',
    isBuiltIn: false,
    fields: () => NO_FIELDS,
    inputs: (setting) => parts.fields?.(setting).read ?? [],
    clearing: () => [],
    ...parts,
  }
}

const NO_FIELDS: DeclaredFields = { read: [], aged: [] }

/** Shared, because most records have nothing wrong with them. */
export const NOTHING: Detection = { findings: [], unknown: null, nextRecheckAtMs: null }

export function found(finding: Finding): Detection {
  return { findings: [finding], unknown: null, nextRecheckAtMs: null }
}

/** Nothing is found, and it cannot be told whether there is something to find. */
export function notKnown(unknown: Unknown): Detection {
  return { findings: [], unknown, nextRecheckAtMs: null }
}

/** A finding with the parts that are usually empty left out. */
export function finding(parts: Pick<Finding, 'pattern' | 'what' | 'todo' | 'evidence'> & Partial<Finding>): Finding {
  return { detail: '', cause: null, causeTitle: null, involves: [], ...parts }
}
