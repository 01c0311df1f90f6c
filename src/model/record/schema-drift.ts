import type { FieldText } from './change-event.ts'
import { comparableText } from './comparable-text.ts'
import type { FieldSchema } from './crm-facts.ts'

/**
 * M53: a field that decisions depend on is no longer what the policies were written for. `was` is the field as it was
 * then, kept until the CRM or the policies agree again.
 */
export type FieldDrift = {
  readonly field: string
  readonly was: FieldSchema
  /** Policy versions that depend on it, as when it was found out. */
  readonly policies: readonly string[]
} & (
  | {
      readonly kind: 'removed'
      /** New fields with the same label. Suggested to a person, never taken for the old one. */
      readonly maybe: readonly string[]
    }
  | { readonly kind: 'retyped'; readonly now: FieldSchema['type'] }
  | {
      readonly kind: 'option-removed'
      /** Values that a policy names and that the CRM no longer offers. */
      readonly gone: readonly string[]
      /** These, and every value that is new since: one of them may be the old one under another name. */
      readonly doubtful: readonly string[]
    }
)

/** Why a field of a record cannot be judged. `not-read`: it came with no reading of this record so far. */
export type DriftKind = FieldDrift['kind'] | 'not-read'

export type DriftInput = {
  /** The fields as they are known, and what had drifted from them. */
  readonly known: readonly FieldSchema[]
  readonly drifted: readonly FieldDrift[]
  /** The fields as the CRM describes them now. */
  readonly current: readonly FieldSchema[]
  /** What the policies look at, and the policy versions that do. */
  readonly needed: ReadonlyMap<string, readonly string[]>
  /** Values that policies compare a field with, and those that the product itself does. */
  readonly named: ReadonlyMap<string, readonly string[]>
  /** Those of policies alone. */
  readonly namedByPolicies: ReadonlyMap<string, readonly string[]>
  /** Whether a policy version still runs. */
  readonly isInForce: (policy: string) => boolean
}

/** Compares what the policies need with what the CRM has now. The same input twice gives the same answer. */
export function findDrift(input: DriftInput): FieldDrift[] {
  const now = new Map(input.current.map((field) => [field.name, field]))
  const expected = new Map(input.known.map((field) => [field.name, field]))
  for (const drift of input.drifted) if (!isAccepted(drift, input)) expected.set(drift.field, drift.was)
  const since = new Map(input.drifted.map((drift) => [drift.field, drift]))
  const drifts: FieldDrift[] = []
  for (const field of [...input.needed.keys()].sort()) {
    const was = expected.get(field)
    // Never seen: not drift but a policy that names what is not there, or what we may not read. It is unreadable.
    if (was === undefined) continue
    const is = now.get(field)
    const base = { field, was, policies: since.get(field)?.policies ?? input.needed.get(field)! }
    if (is === undefined) {
      const known = since.get(field)
      const before = known?.kind === 'removed' ? known.maybe.filter((name) => now.has(name)) : []
      const maybe = [...new Set([...before, ...sameLabel(was, input.current, expected)])].sort()
      drifts.push({ ...base, kind: 'removed', maybe })
    } else if (is.type !== was.type) {
      drifts.push({ ...base, kind: 'retyped', now: is.type })
    } else {
      const before = since.get(field)
      const known = before?.kind === 'option-removed' ? before : undefined
      const named = known !== undefined && isLeftBehind(known, input) ? input.namedByPolicies : input.named
      const gone = goneOptions(was, is, named.get(field) ?? [])
      if (gone.length > 0) {
        const doubtful = [...gone, ...newcomers(known, gone, was, input.known, is)]
        drifts.push({ ...base, kind: 'option-removed', gone, doubtful: [...new Set(doubtful)] })
      }
    }
  }
  return drifts
}

/**
 * Everybody who wrote conditions on the old type has written them anew since. A field that is gone has no such end, nor an
 * option that a policy names: whoever still needs it still cannot have it.
 */
function isAccepted(drift: FieldDrift, input: DriftInput): boolean {
  return drift.kind === 'retyped' && isLeftBehind(drift, input)
}

/** No policy of the time when it was found out runs any more. */
function isLeftBehind(drift: FieldDrift, { isInForce }: DriftInput): boolean {
  return !drift.policies.some(isInForce)
}

/** What came with the description in which an option was first missing. What an admin adds later is no new name of it. */
function newcomers(
  known: Extract<FieldDrift, { kind: 'option-removed' }> | undefined,
  gone: readonly string[],
  was: FieldSchema,
  last: readonly FieldSchema[],
  is: FieldSchema,
): string[] {
  if (known === undefined) return newOptions(was, is)
  const came = known.doubtful.filter((value) => !known.gone.includes(value))
  if (gone.every((value) => known.gone.includes(value))) return came
  return [...came, ...newOptions(last.find(({ name }) => name === is.name) ?? was, is)]
}

function sameLabel(
  was: FieldSchema,
  current: readonly FieldSchema[],
  expected: ReadonlyMap<string, FieldSchema>,
): string[] {
  const label = comparableText(was.label)
  return current
    .filter((field) => !expected.has(field.name) && comparableText(field.label) === label)
    .map(({ name }) => name)
    .sort()
}

function goneOptions(was: FieldSchema, is: FieldSchema, named: readonly string[]): string[] {
  // Without a list before there is nothing that could be missing from it now.
  if (was.options.length === 0) return []
  const before = new Set(was.options.map(comparableText))
  const after = new Set(is.options.map(comparableText))
  const gone = named.filter((value) => before.has(comparableText(value)) && !after.has(comparableText(value)))
  return [...new Set(gone)].sort()
}

function newOptions(was: FieldSchema, is: FieldSchema): string[] {
  const before = new Set(was.options.map(comparableText))
  return is.options.filter((option) => !before.has(comparableText(option))).sort()
}

/**
 * Fields of one record that say something else than the policies were written for, and why. A vanished option leaves the
 * other values of its field as certain as they were.
 */
export function driftedFields(
  values: Readonly<Record<string, FieldText>>,
  drifts: readonly FieldDrift[],
): Map<string, DriftKind> {
  const drifted = new Map<string, DriftKind>()
  for (const drift of drifts) {
    if (drift.kind !== 'option-removed' || isDoubtful(values[drift.field] ?? null, drift.doubtful)) {
      drifted.set(drift.field, drift.kind)
    }
  }
  return drifted
}

/** A multi-select holds several values, joined with `;`. */
function isDoubtful(value: FieldText, doubtful: readonly string[]): boolean {
  if (value === null) return false
  const held = new Set(value.split(';').map(comparableText)).add(comparableText(value))
  return doubtful.some((option) => held.has(comparableText(option)))
}

/** Why a field cannot be judged, to end a sentence: "industry was removed from the CRM". */
export function driftInWords(field: string, kind: DriftKind | undefined): string {
  switch (kind) {
    case 'removed':
      return `${field} was removed from the CRM or hidden from us`
    case 'retyped':
      return `${field} has another type in the CRM than the rules were written for`
    case 'option-removed':
      return `${field} holds a value whose place in the CRM's list changed since the rules were written`
    case 'not-read':
      return `${field} was not read of this record yet, or is withheld from us`
    default:
      return `our credentials may not read ${field}`
  }
}
