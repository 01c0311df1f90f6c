import { CrmBusyError, type ItemOutcome, type OwnerFieldWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { isSalesforceId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { isSoqlName } from '../rest/soql.ts'
import type { ChunkSize } from './chunk-size.ts'
import { type RowWrite, writeCollection } from './collection-write.ts'
import { withValuesRead } from './read-written.ts'

/** Collections take at most 10 runs of different types per call (chunks of triggers); sorting makes one run per type. */
export async function writeOwnerFields(
  call: SalesforceCall,
  writes: readonly OwnerFieldWrite[],
  nowMs: () => number,
  size: ChunkSize,
  gate?: WriteGate,
): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = []
  // Salesforce refuses a call that names one record twice; the later write goes into a later call.
  const rounds: RowWrite[][] = []
  const seen = new Map<string, number>()
  for (const write of writes.toSorted((a, b) => a.objectType.localeCompare(b.objectType))) {
    const problem = problemOf(write)
    if (problem) {
      outcomes.push({ key: write.key, outcome: 'refused', ...problem })
      continue
    }
    const record = write.recordId.slice(0, 15)
    const round = seen.get(record) ?? 0
    seen.set(record, round + 1)
    rounds[round] ??= []
    rounds[round].push({
      key: write.key,
      id: write.recordId,
      record: { attributes: { type: write.objectType }, id: write.recordId, [write.field]: write.to },
    })
  }
  for (const rows of rounds) {
    try {
      const write = { method: 'PATCH', path: '/composite/sobjects', rows, gate } as const
      for (const { item } of await writeCollection(call, write, nowMs, size)) outcomes.push(item)
    } catch (error) {
      if (outcomes.length === 0) throw error
      // Earlier rounds were written; their outcomes must not be lost with this one.
      const why = error instanceof Error ? error.message : String(error)
      const retryAtMs = error instanceof CrmBusyError ? error.retryAtMs : null
      outcomes.push(...rows.map(({ key }) => ({ key, outcome: 'retry' as const, why, retryAtMs })))
    }
  }
  return await withValuesRead(call, writes, outcomes)
}

/** Refuses here what Salesforce could not read, so one bad row does not fail its whole batch. */
function problemOf({ objectType, field, recordId, to }: OwnerFieldWrite): { code: string; why: string } | null {
  for (const id of [recordId, to]) {
    if (!isSalesforceId(id)) return { code: 'MALFORMED_ID', why: `"${id.slice(0, 40)}" is not a Salesforce id` }
  }
  for (const name of [objectType, field]) {
    if (!isSoqlName(name)) return { code: 'INVALID_FIELD', why: `"${name.slice(0, 40)}" is not a Salesforce name` }
  }
  return null
}
