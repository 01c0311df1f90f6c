import { decide } from '../../model/decision/decide.ts'
import type { DecideInput, Decision } from '../../model/decision/decision.ts'
import type { HeldOwner } from '../../model/decision/owner-loop.ts'
import { writeRefused } from '../../model/patterns/write-refused.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import { refKey } from '../../model/record/crm-record.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { failureText } from '../../store/database/failure-text.ts'
import type { OpenException } from '../../store/decisions/exceptions.ts'
import type { OwnerIntents, RefusedIntent } from '../../store/writes/owner-intents.ts'
import { comparedWith, type DecisionBatch, ownerIntentsTo, type WatchedRecord, wakeLater } from './decision-batch.ts'
import { caseKey, writeKey } from './decision-keys.ts'
import { UNDECIDED_AGAIN_MS } from './grant-owner-writes.ts'
import type { RecordLoop } from './owner-loops.ts'
import type { DecidedFrom } from './pilot-cap.ts'
import { causeOf, writesTasks } from './plan-changes.ts'
import type { RunningWorkflow } from './running-workflows.ts'
import { waitsMs } from './short-gap.ts'

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
  for (const watched of accountsFirst(batch.watched)) {
    const loop = batch.loops.get(`${watched.record.objectType}/${watched.record.recordId}`) ?? null
    let isReported = false
    for (const workflow of inOrderOfReport(watched.workflows, loop)) {
      const name = workflow.version.policy.workflow
      try {
        const reports: boolean = !isReported && (loop?.reporters.includes(name) ?? false)
        const result = decideOne(batch, watched, workflow, loop && { found: loop.found, reports })
        isReported ||= reports && result.decision.exceptions.some(({ finding }) => finding.holdsField !== undefined)
        handOutTasks(batch, open, result, newCauses)
        results.push(result)
      } catch (error) {
        const key = refKey(watched.record)
        const detail = `${name}: ${failureText(error)}`
        failures.set(detail, (failures.get(detail) ?? 0) + 1)
        leaveAsTheyAre(open, name, watched.record)
        wakeLater(batch, watched.record, name, 'failed', batch.nowMs + FAILED_AGAIN_MS)
        onFailed?.(key, error)
      }
    }
  }
  return { results, open, failures }
}

/** A person is decided beside the account as we leave it. */
function accountsFirst(watched: readonly WatchedRecord[]): readonly WatchedRecord[] {
  const isAccount = ({ record }: WatchedRecord) => objectShape(record.crm, record.objectType)?.about === 'account'
  return [...watched.filter(isAccount), ...watched.filter((one) => !isAccount(one))]
}

/** Those that may have the case of a loop come first, so that the first one that covers the record has it. */
function inOrderOfReport(workflows: readonly RunningWorkflow[], loop: RecordLoop | null): readonly RunningWorkflow[] {
  if (loop === null) return workflows
  const place = ({ version }: RunningWorkflow) => {
    const at = loop.reporters.indexOf(version.policy.workflow)
    return at === -1 ? loop.reporters.length : at
  }
  return workflows.toSorted((a, b) => place(a) - place(b))
}

function decideOne(
  batch: DecisionBatch,
  { record }: WatchedRecord,
  workflow: RunningWorkflow,
  loop: HeldOwner | null,
): DecidedFrom {
  const { directory, nowMs } = batch
  const { version } = workflow
  const key = refKey(record)
  const name = version.policy.workflow
  const openUnknowns = openUnknownsOf(batch, record, name)
  const refused = standingRefusal(ownerIntentsTo(batch, record), workflow, openUnknowns)
  const input = {
    record,
    neighbours: batch.neighbours.get(key)!,
    directory,
    version,
    refused,
    openUnknowns,
    loop,
    planned: batch.planned,
    nowMs,
  }
  const decision = decide(input)
  notePlanned(batch, input, decision)
  for (const exception of decision.exceptions) {
    const isOpen = batch.open.has(caseKey({ ...exception, workflow: name }))
    const leftMs = waitsMs(exception, batch.heldMs, record, isOpen)
    if (leftMs > 0) wakeLater(batch, record, name, 'reading', nowMs + leftMs)
  }
  // Once the refusal is a day old the write is decided again, although nothing changed.
  if (refused !== null && refused.standsForMs > 0) {
    wakeLater(batch, record, name, 'refused', nowMs + refused.standsForMs)
  }
  return { record, workflow, decision, input }
}

/**
 * What is decided after this in the batch is beside the record as we leave it. Whether the write of a neighbor that kept
 * one back is made shows a moment later.
 */
function notePlanned(batch: DecisionBatch, { record, neighbours, version }: DecideInput, { write }: Decision): void {
  if (write !== null) batch.planned.set(refKey(record), { field: write.field, to: write.to, atMs: batch.nowMs })
  else if (batch.planned.size > 0 && comparedWith(neighbours).some((one) => batch.planned.has(refKey(one)))) {
    wakeLater(batch, record, version.policy.workflow, 'other-write', batch.nowMs + UNDECIDED_AGAIN_MS)
  }
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

/**
 * The CRM's answer to this workflow's last write, as long as the same write would be refused again. Under another policy
 * version, or a day later, there is none, so that the write is tried once more. A day explains no unknown (C20): while the
 * case of it is open and of class unknown, the refusal stands.
 */
function standingRefusal(
  intents: OwnerIntents | undefined,
  { version }: RunningWorkflow,
  openUnknowns: ReadonlySet<PatternName>,
): RefusedIntent | null {
  const refused = intents?.refused.get(version.policy.workflow)
  if (refused === undefined || refused.policyHash !== version.hash) return null
  return refused.standsForMs > 0 || openUnknowns.has(writeRefused.name) ? refused : null
}

/** Counts new tasks against their owners' capacity. Cases of one cause are one task, so a cause counts once. */
function handOutTasks(
  { directory, heldMs }: DecisionBatch,
  open: ReadonlyMap<string, OpenException>,
  { workflow: running, decision, record }: DecidedFrom,
  newCauses: Set<string>,
): void {
  const { workflow } = running.version.policy
  for (const exception of decision.exceptions) {
    if (exception.status !== 'open' || !writesTasks(running)) continue
    const isOpen = open.has(caseKey({ ...exception, workflow }))
    if (isOpen || waitsMs(exception, heldMs, record, isOpen) > 0) continue
    const cause = `${workflow}\n${causeOf(exception)}`
    if (newCauses.has(cause)) continue
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
