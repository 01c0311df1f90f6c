import type { RawBuilder } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Crm, FieldText } from '../../src/model/record/change-event.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

/** When the contacts of these tests were created. */
export const CREATED = '2026-11-20T08:00:00.000Z'

/** Changes a contact in the fake CRM and returns the event of it. */
export const contact = (h: Harness, id: string, fields: Record<string, FieldText>) =>
  h.crm.change('contacts', id, { createdate: CREATED, ...fields })

export const userId = (h: Harness, email: string) => h.crm.users.find((user) => user.email === email)!.userId

export async function rowsOf<T>(h: Harness, query: RawBuilder<T>): Promise<T[]> {
  return (await query.execute(h.db)).rows
}

/** The patterns of the open exceptions. */
export const openPatterns = async (h: Harness) => (await h.openExceptions()).map((e) => e.pattern).sort()

/** Runs `work` with a pipeline of its own, whose one policy watches contacts. */
export async function withHarness(
  work: (h: Harness) => Promise<void>,
  change: Partial<Policy> = {},
  crm: Crm = 'hubspot',
): Promise<void> {
  const h = await pipelineHarness((fake) => {
    staff(fake)
    return [contactPolicy(change)]
  }, crm)
  try {
    await work(h)
  } finally {
    await h.stop()
  }
}
