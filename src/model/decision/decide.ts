import { addBusinessMinutes } from '../calendar/business-time.ts'
import type { ExceptionClass } from '../classes/class.ts'
import { POSTURE, stopsAction } from '../classes/posture.ts'
import { detect } from '../patterns/detect.ts'
import type { Finding, RefusedWrite } from '../patterns/finding.ts'
import { undecidable } from '../patterns/no-rule.ts'
import { inQuotes } from '../patterns/wording.ts'
import { writeRefused } from '../patterns/write-refused.ts'
import { ownerOfCase } from '../people/owner-of-case.ts'
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts'
import type { BuiltInSetting, PatternSetting } from '../policy/policy.ts'
import { hiddenInputs, type Routing, routeRecord } from '../policy/routing.ts'
import { refKey } from '../record/crm-record.ts'
import { isLive } from '../record/is-live.ts'
import { objectShape } from '../record/object-shape.ts'
import { allHold, hiddenOf, holdAsFarAsKnown } from '../rules/evaluate.ts'
import { type CaseFacts, caseFacts } from '../rules/facts.ts'
import { classify, unjudged } from './classify.ts'
import type { DecidedException, DecideInput, Decision, OwnerWrite } from './decision.ts'
import { makeReceipt } from './receipt.ts'

const OUT_OF_SCOPE: Decision = { inScope: false, exceptions: [], write: null, recheckAtMs: null }
const ALL_WELL: Decision = { inScope: true, exceptions: [], write: null, recheckAtMs: null }

type Found = {
  readonly finding: Finding
  readonly setting: PatternSetting | BuiltInSetting
  readonly class: ExceptionClass
  readonly classBecause: string
}

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
  const doubts = [...hiddenOf(compiled.scope, facts), ...(waits ? hiddenOf(compiled.waits, facts) : [])]
  const waitingRoute = waits ? routeRecord(compiled, facts) : null
  const it = { facts, policy: compiled.policy }
  const found: Found[] = []
  let recheckAtMs: number | null = null
  for (const setting of settings) {
    const { findings, nextRecheckAtMs } = detect(setting, it, compiled, waitingRoute)
    if (nextRecheckAtMs !== null && (recheckAtMs === null || nextRecheckAtMs < recheckAtMs))
      recheckAtMs = nextRecheckAtMs
    for (const finding of findings) found.push(classed(finding, setting, compiled, facts))
  }
  if (doubts.length > 0) {
    // M15: whether the workflow covers the record, or whether it waits, is not known, and that is not a yes.
    if (waits && !found.some(({ finding }) => finding.pattern === 'no-rule')) {
      found.push(classed(undecidable(facts, doubts), { pattern: 'no-rule' }, compiled, facts))
    }
    for (const [n, one] of found.entries()) found[n] = { ...one, ...unjudged(doubts, facts) }
  }
  if (found.length === 0 && !waits) return recheckAtMs === null ? ALL_WELL : { ...ALL_WELL, recheckAtMs }

  const routing = waitingRoute ?? routeRecord(compiled, facts)
  const ruled = doubts.length > 0 ? null : ruledOwner(compiled, facts, routing)
  const settled = new Set(ruled === null ? [] : found.filter((one) => isSettledBy(one, routing)))
  const isWanted = ruled !== null && (waits || settled.size > 0)
  const refusal = isWanted && refused?.to === ruled.userId ? refused : null
  // Whatever else holds the record: a case that came and went with the others would be closed while it is still so.
  if (refusal !== null) {
    found.push(classed(writeRefused(facts, routing, refusal), { pattern: 'write-refused' }, compiled, facts))
  }
  const isHeld = found.some((one) => !settled.has(one) && stopsAction(POSTURE[one.class]))
  const acts = isWanted && !isHeld
  const exceptions = found.map((one) =>
    openException(one, compiled, facts, routing, { waits, refusal, isSettled: acts && settled.has(one) }),
  )
  const write = acts ? ownerWrite(compiled, facts, routing, ruled, exceptions) : null
  return { inScope: true, exceptions, write, recheckAtMs }
}

function classed(finding: Finding, setting: Found['setting'], compiled: CompiledPolicy, facts: CaseFacts): Found {
  const { class: ruled, because } = classify(finding, facts, compiled.classes, compiled.policy.guards)
  return { finding, setting, class: ruled, classBecause: because }
}

/** The user whom the winning rule names, where the workflow may write today and it would change something. */
function ruledOwner(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
): { userId: string; email: string } | null {
  const { winner } = routing
  if (winner === null || !mayWrite(compiled, facts) || hiddenInputs(routing, facts).length > 0) return null
  const { record, shape, directory } = facts
  if (record.unreadable.has(shape.owner)) return null
  const user = directory.personByEmail(record.connectionId, winner.rule.owner)
  if (user === undefined || !user.active || user.userId === record.values[shape.owner]) return null
  return { userId: user.userId, email: winner.rule.owner }
}

function mayWrite({ policy, pilot }: CompiledPolicy, facts: CaseFacts): boolean {
  if (policy.mode === 'live') return true
  return policy.mode === 'pilot' && pilot !== null && hiddenOf(pilot, facts).length === 0 && allHold(pilot, facts)
}

/** Whether the branch's table may settle this case without a person. Never an unknown. */
function isSettledBy(one: Found, { branch }: Routing): boolean {
  if (branch === null || one.class === 'unknown') return false
  const { settles, settlesClasses } = branch.branch
  if (!settles.includes(one.finding.pattern)) return false
  return one.class === 'expected' || one.class === 'risky' || settlesClasses.includes(one.class)
}

function openException(
  one: Found,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  { waits, refusal, isSettled }: { waits: boolean; refusal: RefusedWrite | null; isSettled: boolean },
): DecidedException {
  const { policy } = compiled
  const { record, directory, nowMs } = facts
  const who = ownerOfCase({
    owners: policy.owners,
    class: one.class,
    connectionId: record.connectionId,
    directory,
    capacity: policy.guards.capacity,
    recordOwner: facts.owner?.email ?? null,
    calendar: policy.calendar,
    nowMs,
  })
  const { finding } = one
  const { cause } = finding
  return {
    pattern: finding.pattern,
    subject: finding.detail === '' ? refKey(record) : `${refKey(record)}/${finding.detail}`,
    class: one.class,
    classBecause: one.classBecause,
    posture: POSTURE[one.class],
    // Cases of one cause share a task only within a class: the class says who may work it and how soon.
    finding: cause === null ? finding : { ...finding, cause: `${cause}/${one.class}` },
    status: isSettled ? 'settled-by-rule' : 'open',
    settledByRule: isSettled ? (routing.winner?.rule.id ?? null) : null,
    owner: who.email,
    passedOver: who.passedOver,
    dueAtMs: addBusinessMinutes(
      policy.calendar,
      who.user?.timeZone ?? null,
      nowMs,
      policy.guards.deadlineMinutes[one.class],
    ),
    wouldHave: wouldHave(one, compiled, facts, routing, waits, refusal),
    receipt: makeReceipt(compiled, facts, routing, one),
  }
}

/** What the workflow would have done by itself, and why it did not. */
function wouldHave(
  one: Found,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch, winner }: Routing,
  waits: boolean,
  refusal: RefusedWrite | null,
): string {
  const { noun } = facts.shape
  const settles =
    one.finding.pattern === 'write-refused' || (branch?.branch.settles.includes(one.finding.pattern) ?? false)
  if (!waits && !settles) return `Nothing: this ${noun} waits for no action of the workflow.`
  if (branch === null) return `Nothing: no branch of the workflow covers this ${noun}.`
  if (branch.branch.mode !== 'rules') return `Nothing: in the branch ${branch.branch.branch} a person decides.`
  if (winner === null) return `Nothing: no rule of the branch ${branch.branch.branch} covers this ${noun}.`
  const would = `Rule ${winner.rule.id} would have given this ${noun} to ${winner.rule.owner}`
  const { mode } = compiled.policy
  if (!mayWrite(compiled, facts)) {
    return `${would}; it did not, because the workflow ${mode === 'pilot' ? 'is in pilot and this record is not in its slice' : `is in ${mode} mode and writes nothing`}.`
  }
  if (facts.directory.personByEmail(facts.record.connectionId, winner.rule.owner) === undefined) {
    return `${would}; it did not, because that person is not an active user of this CRM.`
  }
  if (facts.owner?.email === winner.rule.owner)
    return `Nothing: rule ${winner.rule.id} gives this ${noun} to its present owner.`
  if (refusal !== null) return `${would}; it did, and the CRM refused it: ${inQuotes(refusal.why)}`
  if (!stopsAction(POSTURE[one.class])) return `${would}; this case alone does not stop it.`
  return `${would}; it did not, because a ${one.class} case is looked at by a person first.`
}

function ownerWrite(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  to: { userId: string; email: string },
  exceptions: readonly DecidedException[],
): OwnerWrite {
  const { record, shape } = facts
  const settles = exceptions.filter(({ status }) => status === 'settled-by-rule').map(({ pattern }) => pattern)
  return {
    field: shape.owner,
    from: record.values[shape.owner] ?? null,
    to: to.userId,
    toEmail: to.email,
    rule: routing.winner!.rule.id,
    branch: routing.branch!.branch.branch,
    settles: [...new Set(settles)],
    receipt: makeReceipt(compiled, facts, routing, null),
  }
}
