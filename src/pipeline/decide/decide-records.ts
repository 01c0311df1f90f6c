import { decide } from '../../model/decision/decide.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import { refKey } from '../../model/record/crm-record.ts'
import { failureText } from '../../store/database/failure-text.ts'
import type { OpenException } from '../../store/decisions/exceptions.ts'
import { READ_WITHIN_S } from '../../store/decisions/held-records.ts'
import type { OwnerIntents, RefusedIntent } from '../../store/decisions/owner-intents.ts'
import { type DecisionBatch, ownerIntentsTo, scheduleRecheck, type WatchedRecord } from './decision-batch.ts'
import type { DecidedFrom } from './pilot-cap.ts'
import { caseKey, causeOf, isReadSoon, writeKey, writesTasks } from './plan-changes.ts'
import type { RunningWorkflow } from './running-workflows.ts'

export type DecidedBatch = {
  readonly results: readonly DecidedFrom[]
  /** The open cases without those of failed decisions, which stay as they are. */
  readonly open: ReadonlyMap<string, OpenException>
  /** How many decisions failed, by the text of the failure. */
  readonly failures: ReadonlyMap<string, number>
}

/** Called with each record that could not be decided. The record is also counted, and tried again later. */
export type OnFailed = (record: string, error: unknown) => void

/** A record that could not be decided is tried again after this; until then its cases stand as they are. */
export const FAILED_AGAIN_MS = 300_000

/** Decides each watched record for each of its workflows. No I/O. One that throws is counted and holds up no other. */
export function decideRecords(batch: DecisionBatch, onFailed?: OnFailed): DecidedBatch {
  const results: DecidedFrom[] = []
  const open = new Map(batch.open)
  const failures = new Map<string, number>()
  const newCauses = new Set<string>()
  for (const watched of batch.watched) {
    for (const workflow of watched.workflows) {
      const name = workflow.version.policy.workflow
      try {
        const result = decideOne(batch, watched, workflow)
        handOutTasks(batch, open, result, newCauses)
        results.push(result)
      } catch (error) {
        const key = refKey(watched.record)
        const detail = `${name}: ${failureText(error)}`
        failures.set(detail, (failures.get(detail) ?? 0) + 1)
        leaveAsTheyAre(open, name, watched.record)
        scheduleRecheck(batch.rechecks, key, batch.nowMs + FAILED_AGAIN_MS)
        onFailed?.(key, error)
      }
    }
  }
  return { results, open, failures }
}

function decideOne(batch: DecisionBatch, { record }: WatchedRecord, workflow: RunningWorkflow): DecidedFrom {
  const { directory, nowMs } = batch
  const { version } = workflow
  const key = refKey(record)
  const refused = standingRefusal(ownerIntentsTo(batch, record), workflow)
  const openUnknowns = openUnknownsOf(batch, record, version.policy.workflow)
  const input = { record, neighbours: batch.neighbours.get(key)!, directory, version, refused, openUnknowns, nowMs }
  const decision = decide(input)
  if (isReadSoon(batch.waitingMs, record) && decision.exceptions.some((exception) => exception.awaitsReading)) {
    scheduleRecheck(batch.rechecks, key, nowMs + READ_WITHIN_S * 1_000 - waitedMs(batch, record))
  }
  // Once the refusal is a day old the write is decided again, although nothing changed.
  if (refused !== null) scheduleRecheck(batch.rechecks, key, nowMs + refused.standsForMs)
  return { record, workflow, decision, input }
}

/** Patterns of which the record has an open case of class unknown in this workflow. */
function openUnknownsOf(
  { unknownsOf }: DecisionBatch,
  record: WatchedRecord['record'],
  workflow: string,
): ReadonlySet<PatternName> {
  return unknownsOf.get(writeKey(workflow, record)) ?? NO_PATTERNS
}

const NO_PATTERNS: ReadonlySet<PatternName> = new Set()

function waitedMs({ waitingMs }: DecisionBatch, { objectType, recordId }: WatchedRecord['record']): number {
  return waitingMs.get(`${objectType}/${recordId}`) ?? 0
}

/**
 * The CRM's answer to this workflow's last write, as long as the same write would be refused again. Under another policy
 * version, or a day later, there is none, so that the write is tried once more.
 */
function standingRefusal(intents: OwnerIntents | undefined, { version }: RunningWorkflow): RefusedIntent | null {
  const refused = intents?.refused.get(version.policy.workflow)
  return refused === undefined || refused.policyHash !== version.hash ? null : refused
}

/** Counts new tasks against their owners' capacity. Cases of one cause are one task, so a cause counts once. */
function handOutTasks(
  { directory, waitingMs }: DecisionBatch,
  open: ReadonlyMap<string, OpenException>,
  { workflow: running, decision, record }: DecidedFrom,
  newCauses: Set<string>,
): void {
  const { workflow } = running.version.policy
  for (const exception of decision.exceptions) {
    if (exception.status !== 'open' || !writesTasks(running)) continue
    if (exception.awaitsReading && isReadSoon(waitingMs, record)) continue
    const cause = `${workflow}\n${causeOf(exception)}`
    if (open.has(caseKey({ ...exception, workflow })) || newCauses.has(cause)) continue
    newCauses.add(cause)
    directory.handOut(exception.owner)
  }
}

function leaveAsTheyAre(
  open: Map<string, OpenException>,
  workflow: string,
  record: { readonly objectType: string; readonly recordId: string },
): void {
  const failed = writeKey(workflow, record)
  for (const [key, exception] of open) if (writeKey(exception.workflow, exception) === failed) open.delete(key)
}
