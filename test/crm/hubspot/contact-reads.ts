import type { ChangedSince, CrmClient } from '../../../src/crm/crm-client.ts'
import type { ChangeEvent } from '../../../src/model/record/change-event.ts'

export const pollChanges = {
  objectType: 'contacts',
  fields: ['email', 'hubspot_owner_id'],
  historyFields: [],
  source: 'poll',
} as const
export const baseline = { ...pollChanges, sinceMs: 0, source: 'baseline' } as const

export async function everything(client: CrmClient, query: Omit<ChangedSince, 'cursor'>): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = []
  let cursor: string | null = null
  for (let page = 0; page < 200; page += 1) {
    const next = await client.changedSince({ ...query, cursor })
    events.push(...next.events)
    cursor = next.cursor
    if (cursor === null) return events
  }
  throw new Error('The pages never end')
}

export const idsOf = (events: readonly ChangeEvent[]) =>
  events.map(({ recordId }) => Number(recordId)).sort((a, b) => a - b)
export const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
