import type { ItemOutcome, OwnerFieldWrite } from '../../crm-client.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks, query, text } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'

/** 200 ids keep the query's URL below what Salesforce reads. */
const IDS_PER_QUERY = 200

/**
 * Adds to each written row the value that Salesforce has now: its answer to a write names only the id, and a trigger may
 * have made another value of ours. What cannot be read stays unsaid, because the write itself is done.
 */
export async function withValuesRead(
  call: SalesforceCall,
  writes: readonly OwnerFieldWrite[],
  outcomes: readonly ItemOutcome[],
): Promise<ItemOutcome[]> {
  const done = new Set(outcomes.flatMap(({ key, outcome }) => (outcome === 'done' ? [key] : [])))
  const values = new Map<string, string | null>()
  const written = writes.filter(({ key }) => done.has(key))
  for (const [of, some] of Map.groupBy(written, ({ objectType, field }) => `${field} FROM ${objectType}`)) {
    for (const chunk of chunks(some, IDS_PER_QUERY)) {
      try {
        await readInto(values, call, of, chunk)
      } catch {
        // The outcome of the write counts.
      }
    }
  }
  return outcomes.map((one) => {
    const after = one.outcome === 'done' ? values.get(one.key) : undefined
    return after === undefined ? one : ({ ...one, after } as ItemOutcome)
  })
}

async function readInto(
  values: Map<string, string | null>,
  call: SalesforceCall,
  of: string,
  writes: readonly OwnerFieldWrite[],
): Promise<void> {
  const [field = ''] = of.split(' ')
  const ids = soqlIds(writes.map(({ recordId }) => recordId))
  const { rows } = await query(call, `SELECT Id, ${of} WHERE Id IN ${ids}`)
  const byId = new Map(rows.map((row) => [longId(text(row.Id) ?? ''), text(row[field])]))
  for (const { key, recordId } of writes) {
    const id = longId(recordId)
    if (byId.has(id)) values.set(key, longId(byId.get(id) ?? '') ?? byId.get(id) ?? null)
  }
}
