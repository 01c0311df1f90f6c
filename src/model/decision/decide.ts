import { POSTURE, stopsAction } from '../classes/posture.ts'
import type { RefusedWrite } from '../patterns/contract/finding.ts'
import { ownershipFlapping } from '../patterns/ownership-flapping.ts'
import { findPattern, patternOf } from '../patterns/registry.ts'
import { companyDirectory } from '../people/company-directory.ts'
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts'
import type { PatternName, PatternSetting } from '../policy/policy.ts'
import { type Routing, routeRecord } from '../policy/routing.ts'
import type { WrittenOwner } from '../record/as-written.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { isLive } from '../record/is-live.ts'
import { inputKey, type Truth, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { isOnePersonInTwoRows, isPerson, recordShape } from '../record/person-form.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { allHold } from '../rules/evaluate.ts'
import { caseFacts } from '../rules/facts.ts'
import { decidedException } from './decided-exception.ts'
import type { DecideInput, Decision } from './decision.ts'
import { classedWithoutTime, type FoundExceptions, findExceptions } from './find-exceptions.ts'
import type { FoundException } from './found-exception.ts'
import { type Ahead, lookAhead, NOTHING_AHEAD, openAhead, withOpenAhead, withoutFlapping } from './look-ahead.ts'
import { loopCase } from './loop-case.ts'
import { isRoutingAsked, whatIsMissing } from './missing-inputs.ts'
import type { HeldOwner } from './owner-loop.ts'
import { ownerWrite } from './owner-write.ts'
import { maySettle, ruledOwner } from './ruled-owner.ts'
import { type Leave, settledBy } from './settled-by.ts'
import {
  actionWake,
  classWake,
  earlierOf,
  markWake,
  ownerWake,
  routingWake,
  scopeWake,
  type WakeUp,
} from './wake-up.ts'

const NONE: ReadonlySet<PatternName> = new Set()
const NOT_PLANNED: ReadonlyMap<string, WrittenOwner> = new Map()
const ALL_WELL: Decision = {
  inScope: true,
  exceptions: [],
  write: null,
  unknown: null,
  undecided: NONE,
  wake: null,
}
const OUT_OF_SCOPE: Decision = { ...ALL_WELL, inScope: false }
/** Watched in every workflow, see Pattern.isBuiltIn. */
const REFUSED_WRITES = [{ pattern: 'write-refused' }] as const

/**
 * The one place where record, policy and people meet. Pure: the same input gives the same bytes.
 *
 * A rule's answer is written only where nothing stops the record: every open case that holds or stops keeps the whole
 * action back, and so does every input that is not known, because no rule may settle what nobody knows (M15). What the
 * CRM refused is not written again: it is a case of its own, and settles nothing. What a write would make of the record is
 * looked at before: one that makes a case stays here, and the case is there instead of it.
 */
export function decide(input: DecideInput): Decision {
  const {
    record,
    neighbours,
    version,
    nowMs,
    refused = null,
    openUnknowns = NONE,
    loop = null,
    planned = NOT_PLANNED,
  } = input
  const compiled = compilePolicy(version)
  const settings = compiled.settings.get(record.crm)?.get(record.objectType)
  const shape = recordShape(record)
  if (settings === undefined || shape === undefined) return OUT_OF_SCOPE
  const directory = companyDirectory(input.directory, version.policy.people)
  const facts = caseFacts(record, shape, neighbours, directory, nowMs, version.policy)
  const isThere = isLive(record)
  if (isThere === false || isRowOfItsAccount(record, neighbours)) return OUT_OF_SCOPE
  const isCovered = allHold(compiled.scope, facts)
  if (isCovered === false) {
    const wake = scopeWake(compiled, facts)
    return wake === null ? OUT_OF_SCOPE : { ...OUT_OF_SCOPE, wake }
  }
  if (isThere !== true || isCovered !== true) {
    // It is not known whether the workflow covers the record: nothing new is found, and no open case counts as over.
    const unknown = Unknown.both(isThere === true ? null : isThere, isCovered === true ? null : isCovered)
    return { ...ALL_WELL, unknown, undecided: 'all' }
  }

  const waits: Truth = compiled.waits === 'never' ? false : allHold(compiled.waits, facts)
  const routing = waits === true ? routeRecord(compiled, facts) : null
  const seen = withLoop(findExceptions(settings, { facts, compiled, routing, refused: null }), loop, facts)
  const unexplained = loop === null || loop.found === null ? openUnknowns : besidesLoop(openUnknowns)
  const all = withUnexplained(seen, unexplained, compiled, facts)
  const { found } = all
  const wake = waits === false ? earlierOf(all.wake, actionWake(compiled, facts)) : all.wake
  if (found.length === 0 && waits === false) {
    if (all.unknown !== null || all.unexplained) {
      return { ...ALL_WELL, unknown: all.unknown, undecided: withAhead(all.undecided, settings, compiled, facts), wake }
    }
    return wake === null ? ALL_WELL : { ...ALL_WELL, wake }
  }
  const undecided = withAhead(
    waits instanceof Unknown ? withRouting(all.undecided, settings) : all.undecided,
    settings,
    compiled,
    facts,
  )
  const placed = routing ?? routeRecord(compiled, facts)
  const { ahead, answered, leaves } = answer(all, compiled, facts, placed, { settings, waits, refused, loop, planned })
  // What the CRM refused may be refused still, once it is known what is to be written.
  const isRefusalOpen = refused !== null && answered.unknown !== null
  const open = ahead.undecided.size === 0 ? undecided : new Set([...undecided, ...ahead.undecided])
  const asked = wakeOfAnswer([...found, ...ahead.found], compiled, facts, placed, waits)
  // What is written is decided again by that alone.
  const ofAnswer = answered.write === null ? earlierOf(asked, ownerWake(compiled, facts, placed)) : asked
  return {
    ...answered,
    undecided: isRefusalOpen ? new Set([...open, 'write-refused']) : open,
    // Also of what is written: it may wait for longer than the mark stands.
    wake: earlierOf(earlierOf(earlierOf(wake, ahead.wake), ofAnswer), markWake(leaves)),
  }
}

/** The contact that the CRM keeps for an account that is a person: the account speaks for both. */
function isRowOfItsAccount(record: CrmRecord, { account }: Neighbours): boolean {
  if (account === null || account instanceof Unknown || account === record) return false
  return isPerson(account) === true && isOnePersonInTwoRows(account, record)
}

/** When time changes the class of a case, or who gets the record, as far as anything rests on that. */
function wakeOfAnswer(
  found: readonly FoundException[],
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  waits: Truth,
): WakeUp | null {
  const ofClasses = classWake(compiled, facts, found)
  return isRoutingAsked(found, compiled, waits)
    ? earlierOf(ofClasses, routingWake(compiled, facts, routing))
    : ofClasses
}

type Found = FoundExceptions & {
  /** An unknown case that is open, and that only time would end. */
  readonly unexplained: boolean
}

/**
 * Time explains no unknown: a case that the record no longer shows, for no other reason, is not over, and one that has
 * another class for no other reason keeps its own.
 */
function withUnexplained(
  all: FoundExceptions,
  openUnknowns: ReadonlySet<PatternName>,
  compiled: CompiledPolicy,
  facts: CaseFacts,
): Found {
  if (openUnknowns.size === 0) return { ...all, unexplained: false }
  const isFound = (pattern: PatternName) => all.found.some(({ finding }) => finding.pattern === pattern)
  const standing = [...openUnknowns].filter(
    (pattern) => (findPattern(pattern)?.endsWithTime ?? false) && !isFound(pattern),
  )
  const found = all.found.map((one) =>
    openUnknowns.has(one.finding.pattern) ? classedWithoutTime(one, compiled, facts) : one,
  )
  return { ...all, found, undecided: new Set([...all.undecided, ...standing]), unexplained: standing.length > 0 }
}

/**
 * C19: a loop is one case, however many workflows are in it or would like to write. It takes the place of what the policy's
 * own pattern finds, because it names the sides.
 */
function withLoop(all: FoundExceptions, loop: HeldOwner | null, facts: CaseFacts): FoundExceptions {
  if (loop === null || loop.found === null) return all
  const others = all.found.filter(({ finding }) => finding.pattern !== ownershipFlapping.name)
  return { ...all, found: loop.reports ? [...others, loopCase(loop.found, facts)] : others }
}

/** The one case of the loop says what an earlier case of changing owners said, also where another workflow has it. */
function besidesLoop(openUnknowns: ReadonlySet<PatternName>): ReadonlySet<PatternName> {
  return new Set([...openUnknowns].filter((pattern) => pattern !== ownershipFlapping.name))
}

type Waiting = {
  readonly settings: readonly PatternSetting[]
  readonly waits: Truth
  readonly refused: RefusedWrite | null
  readonly loop: HeldOwner | null
  readonly planned: ReadonlyMap<string, WrittenOwner>
}

type Answer = {
  readonly answered: Pick<Decision, 'inScope' | 'exceptions' | 'write' | 'unknown'>
  readonly ahead: Ahead
  /** By whose leave the rule would settle what was found. */
  readonly leaves: Iterable<Leave>
}

/** Everything found as decided exceptions, and the write that the winning rule makes where nothing holds it. */
function answer(
  all: Found,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  { settings, waits, refused, loop, planned }: Waiting,
): Answer {
  const { found } = all
  const unasked = whatIsMissing(all, compiled, facts, routing, waits)
  const ruled = ruledOwner(compiled, facts, routing)
  const settled = settledBy(ruled === null ? [] : found, routing, compiled.policy, facts.nowMs)
  const isWanted = ruled !== null && (waits === true || settled.size > 0)
  const seen = isWanted
    ? lookAhead({
        compiled,
        facts,
        settings,
        rule: routing.winner!.rule.id,
        to: ruled,
        now: found,
        settled: new Set(settled.keys()),
        others: planned,
      })
    : {
        ...NOTHING_AHEAD,
        undecided: unasked !== null && isRoutingAsked(found, compiled, waits) ? openAhead(settings, facts) : NONE,
      }
  const ahead = loop === null || loop.found === null ? seen : withoutFlapping(seen)
  let missing = Unknown.both(unasked, ahead.unknown)
  for (const one of ahead.found) missing = Unknown.both(missing, one.unknown)
  const refusal = isWanted && refused?.to === ruled.userId ? refused : null
  // Also while something else holds the record: else this exception would close and open again with the others.
  const refusals =
    refusal === null ? [] : findExceptions(REFUSED_WRITES, { facts, compiled, routing, refused: refusal }).found
  const every = [...found.filter((one) => !ahead.lasting.includes(one)), ...ahead.found, ...refusals]
  const isHeld =
    missing !== null ||
    loop !== null ||
    all.unexplained ||
    ahead.found.length > 0 ||
    every.some((one) => !settled.has(one) && stopsAction(POSTURE[one.class]))
  const acts = isWanted && !isHeld
  const exceptions = every.map((one) =>
    decidedException(one, compiled, facts, routing, {
      waits: waits !== false,
      refusal,
      missing,
      loop,
      settled: acts ? (settled.get(one) ?? null) : null,
      proposal: isWanted ? { to: ruled.userId } : null,
    }),
  )
  const write = acts ? ownerWrite(compiled, facts, routing, ruled, exceptions) : null
  return {
    answered: { inScope: true, exceptions, write, unknown: besidesReported(missing, every) },
    ahead,
    leaves: settled.values(),
  }
}

/** What a case of the record itself reports needs no case of the input besides. */
function besidesReported(missing: Unknown | null, found: readonly FoundException[]): Unknown | null {
  const reported = new Set(found.flatMap(({ finding }) => finding.reports?.inputs.map(inputKey) ?? []))
  if (missing === null || reported.size === 0) return missing
  return Unknown.of(missing.inputs.filter((input) => !reported.has(inputKey(input))))
}

/** While it is not known whether the record waits, the patterns that ask where it goes have not answered. */
function withRouting(
  undecided: ReadonlySet<PatternName>,
  settings: readonly PatternSetting[],
): ReadonlySet<PatternName> {
  const onRouting = settings.filter((setting) => patternOf(setting).restsOn === 'routing')
  return new Set([...undecided, ...[...onRouting, ...REFUSED_WRITES].map(({ pattern }) => pattern)])
}

/** A rule may settle what is not known to be there, and its write may make what is looked for before that write only. */
function withAhead(
  undecided: ReadonlySet<PatternName>,
  settings: readonly PatternSetting[],
  compiled: CompiledPolicy,
  facts: CaseFacts,
): ReadonlySet<PatternName> {
  for (const pattern of undecided) {
    if (maySettle(compiled.branches, pattern)) return withOpenAhead(undecided, settings, facts)
  }
  return undecided
}
