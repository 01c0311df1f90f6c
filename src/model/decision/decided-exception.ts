import { addBusinessMinutes } from '../calendar/business-time.ts'
import type { ExceptionClass, Posture } from '../classes/class.ts'
import { CIRCLE, POSTURE } from '../classes/posture.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import { ownerOfCase } from '../people/owner-of-case.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { Mark } from '../policy/mark.ts'
import type { PatternName } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import { refKey } from '../record/crm-record.ts'
import { inputKey, isOnlyUnread, Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { caseEvidence } from './case-evidence.ts'
import type { FoundException } from './found-exception.ts'
import type { Outcome } from './outcome.ts'
import { makeReceipt, type Receipt } from './receipt.ts'
import { wouldHave } from './would-have.ts'

export type ExceptionStatus = 'open' | 'settled-by-rule'

/** One exception as decided. The pipeline matches it with the stored one by (workflow, pattern, subject). */
export type DecidedException = {
  readonly pattern: PatternName
  /** `refKey(record)` plus the finding's detail: unique within connection, workflow and pattern. */
  readonly subject: string
  readonly class: ExceptionClass
  readonly classBecause: string
  /** Its class is unknown only because something was not read or not shown: it is asked for again. */
  readonly awaitsReading: boolean
  /** Inputs that are not known and on which its class rests, by `inputKey`. */
  readonly classRestsOn: readonly string[]
  /** These, and those that hold the record's write, which its text names. */
  readonly restsOn: readonly string[]
  readonly posture: Posture
  readonly finding: Finding
  /** What it rests on, see `caseEvidence`. Null: it cannot be said now. */
  readonly evidence: string | null
  /** Settled: a rule wins here, and `Decision.write` holds what it decided. No task. */
  readonly status: ExceptionStatus
  readonly settledByRule: string | null
  /** The mark that let the rule settle it. Null: it is open, or expected cases need none. */
  readonly mark: Mark | null
  /** E-mail of the person who owns the case. */
  readonly owner: string
  /** Who was passed over on the way to the owner, and why. */
  readonly passedOver: readonly { readonly email: string; readonly why: string }[]
  readonly dueAtMs: number
  /** What the workflow would have done by itself, and why it did not: one sentence. */
  readonly wouldHave: string
  readonly receipt: Receipt
}

/** The exception with its class, owner, deadline and receipt, open or settled by the rule that wins. */
export function decidedException(
  one: FoundException,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  { waits, refusal, missing, loop, settled, proposal }: Outcome,
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
    awaitsReading: one.unknown !== null && isOnlyUnread(one.unknown),
    classRestsOn: keysOf(one.unknown),
    restsOn: keysOf(Unknown.both(one.unknown, missing)),
    posture: POSTURE[one.class],
    // Cases of one cause share a task only within a class: the class says who may work it and how soon.
    finding:
      cause === null ? finding : { ...finding, cause: `${cause}/${one.class}${notTheirOwn(one, compiled, facts)}` },
    evidence: caseEvidence(one, compiled, one.ahead ?? facts, { routing, proposal, missing }),
    status: settled === null ? 'open' : 'settled-by-rule',
    settledByRule: settled === null ? null : (routing.winner?.rule.id ?? null),
    mark: settled === null || settled === 'expected' ? null : settled,
    owner: who.email,
    passedOver: who.passedOver,
    dueAtMs: addBusinessMinutes(
      policy.calendar,
      who.user?.timeZone ?? null,
      nowMs,
      policy.guards.deadlineMinutes[one.class],
    ),
    wouldHave: wouldHave(one, compiled, facts, routing, { waits, refusal, missing, loop }),
    receipt: makeReceipt(compiled, facts, routing, one),
  }
}

/**
 * A task has one owner, and nobody reviews their own change (M20): records that one of the circle owns are a list of their
 * own, which goes to somebody else. By the circle alone, so that no absence moves a case to another task.
 */
function notTheirOwn(
  { class: className }: FoundException,
  { policy }: CompiledPolicy,
  { owner, directory }: CaseFacts,
): string {
  const theirs = owner?.email == null ? [] : directory.emailsOf(owner.email)
  const reviewer = policy.owners.reviewers[CIRCLE[className]].find((email) => theirs.includes(email))
  return reviewer === undefined ? '' : `/not-${reviewer}`
}

const NONE: readonly string[] = []

function keysOf(unknown: Unknown | null): readonly string[] {
  return unknown === null ? NONE : unknown.inputs.map(inputKey)
}
