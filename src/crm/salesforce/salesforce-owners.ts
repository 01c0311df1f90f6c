import type { ItemOutcome, OwnerFieldWrite } from '../crm.ts'
import { type RowWrite, writeCollection } from './collection-write.ts'
import type { SalesforceCall } from './salesforce-call.ts'
import { isSalesforceId } from './salesforce-id.ts'
import { soqlName } from './soql.ts'

/** Collections take at most 10 runs of different types per call (chunks of triggers); sorting makes one run per type. */
export async function writeOwnerFields(
  call: SalesforceCall,
  writes: readonly OwnerFieldWrite[],
  nowMs: () => number,
): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = []
  // Salesforce refuses a call that names one record twice; the later write goes into a later call.
  const rounds: RowWrite[][] = []
  const seen = new Map<string, number>()
  for (const write of writes.toSorted((a, b) => a.objectType.localeCompare(b.objectType))) {
    if (!isSalesforceId(write.recordId) || !isSalesforceId(write.to)) {
      const bad = isSalesforceId(write.recordId) ? write.to : write.recordId
      outcomes.push({
        key: write.key,
        outcome: 'refused',
        code: 'MALFORMED_ID',
        why: `"${bad.slice(0, 40)}" is no Salesforce id`,
      })
      continue
    }
    const round = seen.get(write.recordId.slice(0, 15)) ?? 0
    seen.set(write.recordId.slice(0, 15), round + 1)
    rounds[round] ??= []
    rounds[round].push({
      key: write.key,
      id: write.recordId,
      record: {
        attributes: { type: soqlName(write.objectType) },
        id: write.recordId,
        [soqlName(write.field)]: write.to,
      },
    })
  }
  for (const rows of rounds) {
    outcomes.push(...(await writeCollection(call, { method: 'PATCH', path: '/composite/sobjects', rows }, nowMs)))
  }
  return outcomes
}
