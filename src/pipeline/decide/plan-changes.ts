import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { Decision } from '../../model/decision/decision.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { isConverted } from '../../model/record/is-live.ts'
import { exceptionDigest, type OpenException } from '../../store/decisions/exceptions.ts'
import { READ_WITHIN_S } from '../../store/decisions/held-records.ts'
import type { OwnerIntents } from '../../store/decisions/owner-intents.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { RunningWorkflow } from './running-workflows.ts'

export type DecidedRecord = {
  readonly record: CrmRecord
  readonly workflow: RunningWorkflow
  readonly decision: Decision
}

export type PlannedCase = FreshCase | KeptCase
type Case = { readonly record: CrmRecord; readonly workflow: RunningWorkflow; readonly exception: DecidedException }
export type FreshCase = Case
export type KeptCase = Case & {
  readonly existing: OpenException
  readonly ownerEmail: string
  readonly dueAtMs: number
}
export type ResolvedCase = OpenException & { readonly resolution: string }

export type Plan = {
  readonly fresh: readonly FreshCase[]
  readonly kept: readonly KeptCase[]
  readonly resolved: readonly ResolvedCase[]
}

/**
 * Compares the decisions with the open cases. No I/O. `open` has only cases that this batch may change; `granted` the
 * owner writes that this batch makes, by `writeKey`: a case that a write settles is settled only together with it.
 */
export function planChanges(
  results: readonly DecidedRecord[],
  open: ReadonlyMap<string, OpenException>,
  ownerIntents: ReadonlyMap<string, OwnerIntents>,
  granted: ReadonlyMap<string, number>,
  { directory, waitingMs }: Pick<DecisionBatch, 'directory' | 'waitingMs'>,
): Plan {
  const fresh: FreshCase[] = []
  const kept: KeptCase[] = []
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
      // A settled case is recorded once, together with its write. While that write is under way there is no news, and
      // while another workflow writes this record nothing is settled: an open case stays as it is.
      if (exception.status === 'settled-by-rule') {
        if (isGranted) fresh.push({ record, workflow, exception })
        else if (!isUnderWay) found.add(key)
        continue
      }
      found.add(key)
      // Nobody is asked about what is being read just now; a case that is open stays as it was.
      if (exception.awaitsReading && (existing || isReadSoon(waitingMs, record))) continue
      if (existing) kept.push(keep(record, workflow, exception, existing, directory))
      else fresh.push({ record, workflow, exception })
    }
  }
  for (const [key, exception] of open) {
    if (found.has(key)) continue
    const decided = decisions.get(writeKey(exception.workflow, exception))
    if (decided !== undefined && isUndecided(decided.decision, exception.pattern)) continue
    resolved.push({ ...exception, resolution: resolutionOf(exception, decided) })
  }
  return { fresh, kept, resolved }
}

/** The record has not waited long for a reading, so no new case is opened for the want of it. */
export function isReadSoon(
  waitingMs: DecisionBatch['waitingMs'],
  { objectType, recordId }: Pick<CrmRecord, 'objectType' | 'recordId'>,
): boolean {
  return (waitingMs.get(`${objectType}/${recordId}`) ?? 0) < READ_WITHIN_S * 1_000
}

/** What was not found again may be there all the same, because something that would tell is not known. */
function isUndecided({ undecided }: Decision, pattern: string): boolean {
  return undecided === 'all' || undecided.has(pattern)
}

function resolutionOf(exception: OpenException, decided: DecidedRecord | undefined): string {
  if (!decided) return 'workflow-retired'
  const { record, decision } = decided
  if (record.stamps['@erased'] !== undefined) return 'erased'
  if (record.deleted || record.mergedInto !== null) return 'record-gone'
  if (isConverted(record) === true) return 'converted'
  if (!decision.inScope) return 'out-of-scope'
  return decision.exceptions.some((e) => e.status === 'settled-by-rule' && e.pattern === exception.pattern)
    ? 'settled-by-rule'
    : 'condition-cleared'
}

/** A case keeps its owner while its class is the same and the owner is active, so that work does not change hands. */
function keep(
  record: CrmRecord,
  workflow: RunningWorkflow,
  exception: DecidedException,
  existing: OpenException,
  directory: CountingDirectory,
): KeptCase {
  const sameClass = existing.class === exception.class
  const isStillActive = directory.personByEmail(record.connectionId, existing.ownerEmail) !== undefined
  return {
    record,
    workflow,
    exception,
    existing,
    ownerEmail: sameClass && isStillActive ? existing.ownerEmail : exception.owner,
    dueAtMs: sameClass ? existing.dueAt.getTime() : exception.dueAtMs,
  }
}

/** True: the row and the task of the kept case have to be updated. */
export function isChanged({ exception, existing }: KeptCase, ownerEmail: string): boolean {
  const digest = exceptionDigest(exception.class, exception.finding.what, exception.finding.todo, exception.wouldHave)
  return digest !== existing.digest || ownerEmail !== existing.ownerEmail || causeOf(exception) !== existing.cause
}

/** Cases of one cause and one class share a task, because the class decides who works it and by when. */
export function causeOf(exception: DecidedException): string {
  return `${exception.finding.cause ?? `${exception.pattern}/${exception.subject}`}|${exception.class}`
}

export function caseKey({
  workflow,
  pattern,
  subject,
}: {
  workflow: string
  pattern: string
  subject: string
}): string {
  return `${workflow}\n${pattern}\n${subject}`
}

/** One workflow's write to one record. */
export function writeKey(workflow: string, record: { readonly objectType: string; readonly recordId: string }): string {
  return `${workflow}\n${record.objectType}/${record.recordId}`
}

/** True for live and pilot, also where readiness holds the workflow back. One that observes writes nothing to a CRM. */
export function writesTasks({ effectiveMode, fellBack }: RunningWorkflow): boolean {
  return effectiveMode === 'live' || effectiveMode === 'pilot' || fellBack
}
