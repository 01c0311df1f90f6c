import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { Decision } from '../../model/decision/decision.ts'
import { companyDirectory } from '../../model/people/company-directory.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import { keepsCases } from '../../model/people/job-holder.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { isConverted } from '../../model/record/is-live.ts'
import { exceptionDigest, type OpenException } from '../../store/decisions/exceptions.ts'
import type { OwnerIntents } from '../../store/writes/owner-intents.ts'
import type { DecisionBatch } from './decision-batch.ts'
import { caseKey, writeKey } from './decision-keys.ts'
import { evidenceKey } from './evidence-key.ts'
import type { RunningWorkflow } from './running-workflows.ts'
import { waitsMs } from './short-gap.ts'

/** An unknown that ended because what it rested on is known now. Counted apart from what somebody mended. */
export const EXPLAINED = 'explained-by-reading'

/** The record did not change: our own code reads it in another way since an upgrade. */
const READ_DIFFERENTLY = 'read-differently'

export type DecidedRecord = {
  readonly record: CrmRecord
  readonly workflow: RunningWorkflow
  readonly decision: Decision
}

export type PlannedCase = FreshCase | KeptCase
type Case = {
  readonly record: CrmRecord
  readonly workflow: RunningWorkflow
  readonly exception: DecidedException
  /** Null: it cannot be told now, see `evidenceKey`. */
  readonly key: string | null
}
export type FreshCase = Case
export type KeptCase = Case & {
  readonly existing: OpenException
  readonly ownerEmail: string
  readonly dueAtMs: number
  /** A person closed its task twice, and it rests on the same as then: it stays without a task. */
  readonly waits: boolean
}
/** An open case that a rule ends now: it stays one case, and says which rule. */
export type SettledCase = Case & { readonly existing: OpenException }
export type ResolvedCase = OpenException & { readonly resolution: string }

export type Plan = {
  readonly fresh: readonly FreshCase[]
  readonly kept: readonly KeptCase[]
  readonly settled: readonly SettledCase[]
  readonly resolved: readonly ResolvedCase[]
}

/**
 * Compares the decisions with the open cases. No I/O. `open` has only cases that this batch may change; `granted` the
 * owner writes that this batch makes, by `writeKey`: a case that a write settles is settled only together with it;
 * `forUpgrade` the decisions that an upgrade alone asks for.
 */
export function planChanges(
  results: readonly DecidedRecord[],
  open: ReadonlyMap<string, OpenException>,
  ownerIntents: ReadonlyMap<string, OwnerIntents>,
  granted: ReadonlyMap<string, number>,
  forUpgrade: ReadonlySet<string>,
  { directory, heldMs, evidenceSecret }: Pick<DecisionBatch, 'directory' | 'heldMs' | 'evidenceSecret'>,
): Plan {
  const fresh: FreshCase[] = []
  const kept: KeptCase[] = []
  const settled: SettledCase[] = []
  const resolved: ResolvedCase[] = []
  const found = new Set<string>()
  const decisions = new Map<string, DecidedRecord>()
  for (const result of results) {
    const { record, workflow, decision } = result
    const name = workflow.version.policy.workflow
    decisions.set(writeKey(name, record), result)
    const isGranted = granted.has(writeKey(name, record))
    const isUnderWay = ownerIntents.get(`${record.objectType}/${record.recordId}`)?.underWay.has(name) ?? false
    for (const exception of decision.exceptions) {
      const key = caseKey({ ...exception, workflow: name })
      const existing = open.get(key)
      const one = { record, workflow, exception, key: evidenceKey(exception, evidenceSecret) }
      // A settled case is recorded once, together with its write. While that write is under way there is no news, and
      // while another workflow writes this record nothing is settled: an open case stays as it is.
      if (exception.status === 'settled-by-rule') {
        if (isGranted && existing) settled.push({ ...one, existing })
        else if (isGranted) fresh.push(one)
        if (isGranted ? existing : !isUnderWay) found.add(key)
        continue
      }
      found.add(key)
      // Nobody is asked about what may be known again at once; a case that only waits for a reading stays as it was.
      if (waitsMs(exception, heldMs, record, existing !== undefined) > 0) continue
      if (existing && exception.awaitsReading) continue
      if (existing) kept.push(keep(one, existing, directory))
      else fresh.push(one)
    }
  }
  for (const [key, exception] of open) {
    if (found.has(key)) continue
    const of = writeKey(exception.workflow, exception)
    const decided = decisions.get(of)
    if (decided !== undefined && isUndecided(decided.decision, exception.pattern)) continue
    resolved.push({ ...exception, resolution: resolutionOf(exception, decided, forUpgrade.has(of)) })
  }
  return { fresh, kept, settled, resolved }
}

/** What was not found again may be there all the same, because something that would tell is not known. */
function isUndecided({ undecided }: Decision, pattern: string): boolean {
  return undecided === 'all' || undecided.has(pattern)
}

function resolutionOf(exception: OpenException, decided: DecidedRecord | undefined, isForUpgrade: boolean): string {
  if (!decided) return 'workflow-retired'
  const { record, decision } = decided
  if (record.stamps['@erased'] !== undefined) return 'erased'
  if (record.deleted || record.mergedInto !== null) return 'record-gone'
  if (isConverted(record) === true) return 'converted'
  if (!decision.inScope) return 'out-of-scope'
  if (decision.exceptions.some((e) => e.status === 'settled-by-rule' && e.pattern === exception.pattern)) {
    return 'settled-by-rule'
  }
  if (exception.holdsField !== null) return EXPLAINED
  // Nothing was fixed: what it was compared with is not looked at any more.
  if (exception.isCounterpartEnded) return 'counterpart-disconnected'
  return isForUpgrade ? READ_DIFFERENTLY : 'condition-cleared'
}

/**
 * A case keeps its owner while its class is the same and the owner is active and has their job, so that work does not change hands. One that
 * waits and rests on something else now is asked about as a new one.
 */
function keep(one: Case, existing: OpenException, directory: CountingDirectory): KeptCase {
  const { record, workflow, exception, key } = one
  const sameClass = existing.class === exception.class
  const { people, owners } = workflow.version.policy
  const linked = companyDirectory(directory, people)
  const staysTheirs = keepsCases(owners, linked, record.connectionId, existing.ownerEmail)
  const waits = existing.waits && (key === null || existing.waitedFor.includes(key))
  const isAskedAgain = existing.waits && !waits
  return {
    ...one,
    existing,
    ownerEmail: sameClass && staysTheirs ? existing.ownerEmail : exception.owner,
    dueAtMs: sameClass && !isAskedAgain ? existing.dueAt.getTime() : exception.dueAtMs,
    waits,
  }
}

/** True: the row and the task of the kept case have to be updated. */
export function isChanged({ exception, existing, waits }: KeptCase, ownerEmail: string): boolean {
  if (waits !== existing.waits) return true
  const digest = exceptionDigest(exception.class, exception.finding.what, exception.finding.todo, exception.wouldHave)
  return digest !== existing.digest || ownerEmail !== existing.ownerEmail || causeOf(exception) !== existing.cause
}

/** Cases of one cause and one class share a task, because the class decides who works it and by when. */
export function causeOf(exception: DecidedException): string {
  return `${exception.finding.cause ?? `${exception.pattern}/${exception.subject}`}|${exception.class}`
}

export function nameOf({ workflow }: Pick<DecidedRecord, 'workflow'>): string {
  return workflow.version.policy.workflow
}

/** `writeKey` of what was decided. */
export function keyOf(result: DecidedRecord): string {
  return writeKey(nameOf(result), result.record)
}

/** True for live and pilot, also where readiness holds the workflow back. One that observes writes nothing to a CRM. */
export function writesTasks({ effectiveMode, fellBack }: RunningWorkflow): boolean {
  return effectiveMode === 'live' || effectiveMode === 'pilot' || fellBack
}
