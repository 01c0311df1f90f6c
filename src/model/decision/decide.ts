import { POSTURE, stopsAction } from '../classes/posture.ts'
import type { RefusedWrite } from '../patterns/contract/finding.ts'
import type { PatternInput } from '../patterns/contract/pattern.ts'
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts'
import { type Routing, routeRecord } from '../policy/routing.ts'
import { isLive } from '../record/is-live.ts'
import { objectShape } from '../record/object-shape.ts'
import { hiddenOf, holdAsFarAsKnown } from '../rules/evaluate.ts'
import { type CaseFacts, caseFacts } from '../rules/facts.ts'
import { decidedException } from './decided-exception.ts'
import type { DecideInput, Decision } from './decision.ts'
import { type FoundException, findExceptions, inDoubt } from './find-exceptions.ts'
import { ownerWrite } from './owner-write.ts'
import { ruledOwner } from './ruled-owner.ts'

const OUT_OF_SCOPE: Decision = { inScope: false, exceptions: [], write: null, recheckAtMs: null }
const ALL_WELL: Decision = { inScope: true, exceptions: [], write: null, recheckAtMs: null }
/** Watched in every workflow, see Pattern.isBuiltIn. */
const REFUSED_WRITES = [{ pattern: 'write-refused' }] as const

/**
 * The one place where record, policy and people meet. Pure: the same input gives the same bytes.
 *
 * A rule's answer is written only where nothing stops the record: every open case that holds or stops keeps the whole
 * action back, and an unknown is never settled by a rule (M15). What the CRM refused is not written again: it is a
 * case of its own, and settles nothing.
 */
export function decide(input: DecideInput): Decision {
  const { record, neighbours, directory, version, nowMs, refused = null } = input
  const compiled = compilePolicy(version)
  const settings = compiled.settings.get(record.crm)?.get(record.objectType)
  const shape = objectShape(record.crm, record.objectType)
  if (settings === undefined || shape === undefined || !isLive(record)) return OUT_OF_SCOPE
  const facts = caseFacts(record, shape, neighbours, directory, nowMs)
  if (!holdAsFarAsKnown(compiled.scope, facts)) return OUT_OF_SCOPE

  const waits = compiled.waits !== 'never' && holdAsFarAsKnown(compiled.waits, facts)
  const routing = waits ? routeRecord(compiled, facts) : null
  const patternInput: PatternInput = { facts, compiled, routing, refused: null }
  const { found, recheckAtMs } = findExceptions(settings, patternInput)
  const doubts = [...hiddenOf(compiled.scope, facts), ...(waits ? hiddenOf(compiled.waits, facts) : [])]
  const doubted = doubts.length === 0 ? found : inDoubt(found, doubts, waits, patternInput)
  if (doubted.length === 0 && !waits) return recheckAtMs === null ? ALL_WELL : { ...ALL_WELL, recheckAtMs }
  const waiting = { waits, isCertain: doubts.length === 0, refused }
  return { ...answer(doubted, compiled, facts, routing ?? routeRecord(compiled, facts), waiting), recheckAtMs }
}

/** Everything found as decided exceptions, and the write that the winning rule makes where nothing holds it. */
function answer(
  found: readonly FoundException[],
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  { waits, isCertain, refused }: { waits: boolean; isCertain: boolean; refused: RefusedWrite | null },
): Omit<Decision, 'recheckAtMs'> {
  const ruled = isCertain ? ruledOwner(compiled, facts, routing) : null
  const settled = new Set(ruled === null ? [] : found.filter((one) => isSettledBy(one, routing)))
  const isWanted = ruled !== null && (waits || settled.size > 0)
  const refusal = isWanted && refused?.to === ruled.userId ? refused : null
  // Also while something else holds the record: else this exception would close and open again with the others.
  const refusals = findExceptions(REFUSED_WRITES, { facts, compiled, routing, refused: refusal }).found
  const all = [...found, ...refusals]
  const isHeld = all.some((one) => !settled.has(one) && stopsAction(POSTURE[one.class]))
  const acts = isWanted && !isHeld
  const exceptions = all.map((one) =>
    decidedException(one, compiled, facts, routing, { waits, refusal, isSettled: acts && settled.has(one) }),
  )
  return { inScope: true, exceptions, write: acts ? ownerWrite(compiled, facts, routing, ruled, exceptions) : null }
}

/** Whether the branch's table may settle this case without a person. Never an unknown. */
function isSettledBy(one: FoundException, { branch }: Routing): boolean {
  if (branch === null || one.class === 'unknown') return false
  const { settles, settlesClasses } = branch.branch
  if (!settles.includes(one.finding.pattern)) return false
  return one.class === 'expected' || one.class === 'risky' || settlesClasses.includes(one.class)
}
