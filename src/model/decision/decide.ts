import { POSTURE, stopsAction } from '../classes/posture.ts'
import type { RefusedWrite } from '../patterns/contract/finding.ts'
import type { PatternInput } from '../patterns/contract/pattern.ts'
import { findPattern, patternOf } from '../patterns/registry.ts'
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts'
import type { PatternName, PatternSetting } from '../policy/policy.ts'
import { type Routing, routeRecord } from '../policy/routing.ts'
import { isLive } from '../record/is-live.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { allHold } from '../rules/evaluate.ts'
import { type CaseFacts, caseFacts } from '../rules/facts.ts'
import { decidedException } from './decided-exception.ts'
import type { DecideInput, Decision } from './decision.ts'
import { type FoundException, type FoundExceptions, findExceptions } from './find-exceptions.ts'
import { ownerWrite } from './owner-write.ts'
import { mayWrite, nextInDoubt, ruledOwner } from './ruled-owner.ts'

const NONE: ReadonlySet<PatternName> = new Set()
const ALL_WELL: Decision = {
  inScope: true,
  exceptions: [],
  write: null,
  unknown: null,
  undecided: NONE,
  recheckAtMs: null,
}
const OUT_OF_SCOPE: Decision = { ...ALL_WELL, inScope: false }
/** Watched in every workflow, see Pattern.isBuiltIn. */
const REFUSED_WRITES = [{ pattern: 'write-refused' }] as const

/**
 * The one place where record, policy and people meet. Pure: the same input gives the same bytes.
 *
 * A rule's answer is written only where nothing stops the record: every open case that holds or stops keeps the whole
 * action back, and so does every input that is not known, because no rule may settle what nobody knows (M15). What the
 * CRM refused is not written again: it is a case of its own, and settles nothing.
 */
export function decide(input: DecideInput): Decision {
  const { record, neighbours, directory, version, nowMs, refused = null, openUnknowns = NONE } = input
  const compiled = compilePolicy(version)
  const settings = compiled.settings.get(record.crm)?.get(record.objectType)
  const shape = objectShape(record.crm, record.objectType)
  if (settings === undefined || shape === undefined) return OUT_OF_SCOPE
  const facts = caseFacts(record, shape, neighbours, directory, nowMs)
  const isThere = isLive(record)
  if (isThere === false) return OUT_OF_SCOPE
  const isCovered = allHold(compiled.scope, facts)
  if (isCovered === false) return OUT_OF_SCOPE
  if (isThere !== true || isCovered !== true) {
    // It is not known whether the workflow covers the record: nothing new is found, and no open case counts as over.
    const unknown = Unknown.both(isThere === true ? null : isThere, isCovered === true ? null : isCovered)
    return { ...ALL_WELL, unknown, undecided: 'all' }
  }

  const waits: Truth = compiled.waits === 'never' ? false : allHold(compiled.waits, facts)
  const routing = waits === true ? routeRecord(compiled, facts) : null
  const all = withUnexplained(findExceptions(settings, { facts, compiled, routing, refused: null }), openUnknowns)
  const { found, recheckAtMs } = all
  if (found.length === 0 && waits === false) {
    if (all.unknown !== null || all.unexplained)
      return { ...ALL_WELL, unknown: all.unknown, undecided: all.undecided, recheckAtMs }
    return recheckAtMs === null ? ALL_WELL : { ...ALL_WELL, recheckAtMs }
  }
  const undecided = waits instanceof Unknown ? withRouting(all.undecided, settings) : all.undecided
  const answered = answer(all, compiled, facts, routing ?? routeRecord(compiled, facts), { waits, refused })
  // What the CRM refused may be refused still, once it is known what is to be written.
  const isRefusalOpen = refused !== null && answered.unknown !== null
  return { ...answered, undecided: isRefusalOpen ? new Set([...undecided, 'write-refused']) : undecided, recheckAtMs }
}

type Found = FoundExceptions & {
  /** An unknown case that is open, and that only time would end. */
  readonly unexplained: boolean
}

/** Time explains no unknown: a case that the record no longer shows, for no other reason, is not over. */
function withUnexplained(all: FoundExceptions, openUnknowns: ReadonlySet<PatternName>): Found {
  if (openUnknowns.size === 0) return { ...all, unexplained: false }
  const isFound = (pattern: PatternName) => all.found.some(({ finding }) => finding.pattern === pattern)
  const standing = [...openUnknowns].filter(
    (pattern) => (findPattern(pattern)?.endsWithTime ?? false) && !isFound(pattern),
  )
  return { ...all, undecided: new Set([...all.undecided, ...standing]), unexplained: standing.length > 0 }
}

type Waiting = { readonly waits: Truth; readonly refused: RefusedWrite | null }

/** Everything found as decided exceptions, and the write that the winning rule makes where nothing holds it. */
function answer(
  all: Found,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  { waits, refused }: Waiting,
): Pick<Decision, 'inScope' | 'exceptions' | 'write' | 'unknown'> {
  const { found } = all
  const missing = whatIsMissing(all, compiled, facts, routing, waits)
  const ruled = ruledOwner(compiled, facts, routing)
  const settled = new Set(ruled === null ? [] : found.filter((one) => isSettledBy(one, routing)))
  const isWanted = ruled !== null && (waits === true || settled.size > 0)
  const refusal = isWanted && refused?.to === ruled.userId ? refused : null
  // Also while something else holds the record: else this exception would close and open again with the others.
  const input: PatternInput = { facts, compiled, routing, refused: refusal }
  const refusals = findExceptions(REFUSED_WRITES, input).found
  const every = [...found, ...refusals]
  const isHeld =
    missing !== null || all.unexplained || every.some((one) => !settled.has(one) && stopsAction(POSTURE[one.class]))
  const acts = isWanted && !isHeld
  const exceptions = every.map((one) =>
    decidedException(one, compiled, facts, routing, {
      waits: waits !== false,
      refusal,
      missing,
      isSettled: acts && settled.has(one),
    }),
  )
  return {
    inScope: true,
    exceptions,
    write: acts ? ownerWrite(compiled, facts, routing, ruled, exceptions) : null,
    unknown: missing,
  }
}

/** Every input that is not known and on which this decision rests. Null: none. */
function whatIsMissing(
  { found, unknown }: FoundExceptions,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  waits: Truth,
): Unknown | null {
  let missing = waits instanceof Unknown ? Unknown.both(unknown, waits) : unknown
  for (const one of found) missing = Unknown.both(missing, one.unknown)
  const isRoutingAsked = waits !== false || found.some(({ finding }) => maySettle(compiled, finding.pattern))
  if (!isRoutingAsked) return missing
  missing = Unknown.both(missing, routing.unknown)
  if (routing.winner === null) return missing
  const allowed = mayWrite(compiled, facts)
  if (allowed === false) return missing
  missing = Unknown.both(missing, Unknown.both(facts.ownerUnknown, nextInDoubt(facts, routing)))
  return allowed === true ? missing : Unknown.both(missing, allowed)
}

/** Whether any branch would let its rules settle this pattern. */
function maySettle({ branches }: CompiledPolicy, pattern: PatternName): boolean {
  return branches.some(({ branch }) => branch.settles.includes(pattern))
}

/** While it is not known whether the record waits, the patterns that ask where it goes have not answered. */
function withRouting(
  undecided: ReadonlySet<PatternName>,
  settings: readonly PatternSetting[],
): ReadonlySet<PatternName> {
  const onRouting = settings.filter((setting) => patternOf(setting).restsOn === 'routing')
  return new Set([...undecided, ...[...onRouting, ...REFUSED_WRITES].map(({ pattern }) => pattern)])
}

/** Whether the branch's table may settle this case without a person. Never an unknown. */
function isSettledBy(one: FoundException, { branch }: Routing): boolean {
  if (branch === null || one.class === 'unknown') return false
  const { settles, settlesClasses } = branch.branch
  if (!settles.includes(one.finding.pattern)) return false
  return one.class === 'expected' || one.class === 'risky' || settlesClasses.includes(one.class)
}
