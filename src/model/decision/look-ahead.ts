import { finding as findingOf, type PatternInput } from '../patterns/contract/pattern.ts'
import { personInWords } from '../patterns/contract/wording.ts'
import { ownershipFlapping } from '../patterns/ownership-flapping.ts'
import { patternOf } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternName, PatternSetting } from '../policy/policy.ts'
import { routeRecord } from '../policy/routing.ts'
import { asWritten, type WrittenOwner } from '../record/as-written.ts'
import { type CrmRecord, refKey } from '../record/crm-record.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { allHold } from '../rules/evaluate.ts'
import { withRecord } from '../rules/facts.ts'
import { type FoundExceptions, findExceptions } from './find-exceptions.ts'
import type { FoundException } from './found-exception.ts'
import type { RuledOwner } from './ruled-owner.ts'

/** What a write would make, found before it is made. */
export type Ahead = FoundExceptions & {
  /** Found now and found again afterwards, so that a rule that would settle it would settle nothing. */
  readonly lasting: readonly FoundException[]
}

const NO_PATTERNS: ReadonlySet<PatternName> = new Set()

export const NOTHING_AHEAD: Ahead = {
  found: [],
  lasting: [],
  unknown: null,
  undecided: NO_PATTERNS,
  wake: null,
}

export type PlannedWrite = {
  readonly compiled: CompiledPolicy
  readonly facts: CaseFacts
  readonly settings: readonly PatternSetting[]
  readonly rule: string
  readonly to: RuledOwner
  /** What is found on the record as it is. */
  readonly now: readonly FoundException[]
  /** Those of them that the write is to settle. */
  readonly settled: ReadonlySet<FoundException>
  /** Owners of neighbors that are about to be written, by `refKey`. */
  readonly others: ReadonlyMap<string, WrittenOwner>
}

/**
 * The record is decided as the write would leave it, under the same policy and beside the same other records. What is
 * found there and is no case now would be a case of our own making. Of two records of one person the case is the newer
 * one's, whichever of them we write, so both sides are asked.
 */
export function lookAhead(planned: PlannedWrite): Ahead {
  const { compiled, facts, settings, rule, to, now, settled } = planned
  // Our write is one more change of the owner, and like any write of the owner it is as old as this moment.
  const record = asWritten(facts.record, { field: facts.shape.owner, to: to.userId, atMs: facts.nowMs })
  const neighbours = asPlanned(facts.neighbours, planned.others)
  const written = withRecord({ ...facts, neighbours }, record)
  const isCovered = allHold(compiled.scope, written)
  if (isCovered === false) return NOTHING_AHEAD
  const waits = compiled.waits === 'never' ? false : allHold(compiled.waits, written)
  const routing = waits === true ? routeRecord(compiled, written) : null
  const input: PatternInput = { facts: written, compiled, routing, refused: null, ahead: { rule, bothSides: true } }
  const all = findExceptions(settings, input)
  const unknown = [isCovered, waits].reduce<Unknown | null>(
    (missing, answer) => (answer instanceof Unknown ? Unknown.both(missing, answer) : missing),
    all.unknown,
  )
  const isThereNow = new Set(now.filter((one) => !settled.has(one)).map(keyOf))
  const fresh = all.found.filter((one) => !isThereNow.has(keyOf(one)))
  const found = (fresh.length === 0 ? [] : caused(fresh, planned, input)).map((one) => ofRule(one, planned, written))
  const again = new Set(found.map(keyOf))
  return {
    found,
    lasting: [...settled].filter((one) => again.has(keyOf(one))),
    unknown,
    // Whether the rules would be asked at all is not known, so what rests on them has not answered.
    undecided:
      isCovered === true && !(waits instanceof Unknown) ? all.undecided : withOpenAhead(all.undecided, settings, facts),
    wake: found.length === 0 ? null : all.wake,
  }
}

/** Beside the record as it leaves us stand the others as they leave us. */
function asPlanned(neighbours: Neighbours, others: ReadonlyMap<string, WrittenOwner>): Neighbours {
  if (others.size === 0) return neighbours
  const plannedOf = (record: CrmRecord) => {
    const owner = others.get(refKey(record))
    return owner === undefined ? record : asWritten(record, owner)
  }
  const { account, accountCandidates, matches } = neighbours
  return {
    ...neighbours,
    account: account === null || account instanceof Unknown ? account : plannedOf(account),
    ...(accountCandidates !== undefined && { accountCandidates: accountCandidates.map(plannedOf) }),
    matches: matches.map((match) => ({ ...match, record: plannedOf(match.record) })),
  }
}

/**
 * Patterns of whose findings nothing is known while it is not known whom a rule would give the record: one that was found
 * by looking ahead is not over for that.
 */
export function openAhead(settings: readonly PatternSetting[], { shape }: CaseFacts): ReadonlySet<PatternName> {
  const onOwner = settings.filter((setting) => {
    const pattern = patternOf(setting)
    // A branch or a rule may ask who owns the record.
    return pattern.restsOn === 'routing' || pattern.inputs(setting, shape).includes(shape.owner)
  })
  return new Set(onOwner.map(({ pattern }) => pattern))
}

/** The same beside what has not answered already. */
export function withOpenAhead(
  undecided: ReadonlySet<PatternName>,
  settings: readonly PatternSetting[],
  facts: CaseFacts,
): ReadonlySet<PatternName> {
  return new Set([...undecided, ...openAhead(settings, facts)])
}

/** A pair whose case the other record has already is no new one, unless this record would get a case of its own. */
function caused(fresh: readonly FoundException[], { compiled, facts, settings }: PlannedWrite, input: PatternInput) {
  const { rule } = input.ahead!
  const before = { facts, compiled, routing: null, refused: null, ahead: { rule, bothSides: true } }
  const others = findExceptions(settings, before).found
  if (!fresh.some((one) => isAmong(one, others))) return fresh
  const own = findExceptions(settings, { ...input, ahead: { rule, bothSides: false } }).found
  const owned = new Map(own.map((one) => [keyOf(one), one]))
  return fresh.flatMap((one) => {
    const ofThis = owned.get(keyOf(one))
    if (ofThis !== undefined) return [ofThis]
    return isAmong(one, others) ? [] : [one]
  })
}

/** With no other record than now: the account's owner and a twin's owner are two disagreements of one pattern. */
function isAmong(one: FoundException, others: readonly FoundException[]): boolean {
  return others.some((other) => {
    if (keyOf(other) !== keyOf(one)) return false
    const known = new Set(other.finding.involves.map(refKey))
    return one.finding.involves.every((ref) => known.has(refKey(ref)))
  })
}

function keyOf({ finding }: FoundException): string {
  return `${finding.pattern}/${finding.detail}`
}

/** Patterns that know nothing of a write ahead speak of the record as if it had happened. */
function ofRule(one: FoundException, { rule, to, facts }: PlannedWrite, written: CaseFacts): FoundException {
  const { finding } = one
  const isSaid = finding.what.includes(`Rule ${rule} `)
  const who = written.owner === undefined ? to.email : personInWords(written.owner)
  const what = isSaid
    ? finding.what
    : `Rule ${rule} would give this ${facts.shape.noun} to ${who}, and then: ${finding.what}`
  return { ...one, finding: findingOf({ ...finding, what }), ahead: written }
}

/** The one case of a loop takes the place of what the pattern itself would find. */
export function withoutFlapping(ahead: Ahead): Ahead {
  return { ...ahead, found: ahead.found.filter(({ finding }) => finding.pattern !== ownershipFlapping.name) }
}
