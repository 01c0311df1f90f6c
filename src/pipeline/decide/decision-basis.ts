import { READING_VERSION } from '../../model/decision/reading-version.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { Unknown } from '../../model/record/knowledge.ts'
import type { Neighbours } from '../../model/record/neighbours.ts'
import { versionOf } from '../../store/records/record-versions.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { RunningWorkflow } from './running-workflows.ts'

/** Everything that a decision looked at, by number, so that it can be made again as it was made. */
export type DecisionBasis = {
  /** Milliseconds of the database's clock. */
  readonly now: number
  /** The policy as our code read it, see the table workflow_version. */
  readonly version: number
  /** The last publication in force, see the table publication; 0: nothing was published yet. */
  readonly sequence: number
  /** Our own code, see `READING_VERSION`. */
  readonly code: string
  /** The last change of users, schemas, connections and assignments that it could know, see the table observed. */
  readonly observed: number
  /** Of the record that was decided. Null: it is no longer stored. */
  readonly record: number | null
  /** By `connection/object/id`, of every other record that it was decided beside. */
  readonly beside: Readonly<Record<string, number>>
}

export function basisOf(
  { nowMs, observed, dirty, neighbours }: Pick<DecisionBatch, 'nowMs' | 'observed' | 'dirty' | 'neighbours'>,
  record: CrmRecord,
  { versionId, sequence }: Pick<RunningWorkflow, 'versionId' | 'sequence'>,
): DecisionBasis {
  const key = refKey(record)
  // As it was read, before a write of ours was added that its CRM has not told yet.
  const read = dirty.find((one) => refKey(one.record) === key)?.record
  const beside = neighbours.get(key)
  return {
    now: nowMs,
    version: versionId,
    sequence,
    code: READING_VERSION,
    observed,
    record: read === undefined ? null : versionOf(read),
    beside: beside === undefined ? {} : versionsOf(recordsOf(beside)),
  }
}

function recordsOf(neighbours: Neighbours): CrmRecord[] {
  const { account, accountCandidates = [], deals, matches, sameDomain, ancestors } = neighbours
  return [
    ...(account === null || account instanceof Unknown ? [] : [account]),
    ...accountCandidates,
    ...deals,
    ...matches.map((match) => match.record),
    ...(sameDomain?.accounts ?? []).flatMap((one) => [one.account, ...one.deals]),
    ...(ancestors?.values() ?? []),
  ]
}

function versionsOf(records: readonly CrmRecord[]): Record<string, number> {
  return Object.fromEntries(
    records.flatMap((record) => {
      const version = versionOf(record)
      return version === null ? [] : [[refKey(record), version] as const]
    }),
  )
}
