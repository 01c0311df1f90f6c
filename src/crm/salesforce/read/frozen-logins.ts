import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { everyRow, text } from '../rest/query.ts'

/**
 * Users whose login an admin froze: they stay active, and cannot work. Null: our user may not see logins, or Salesforce did
 * not answer, and then nobody is taken for unfrozen either.
 */
export async function readFrozenLogins(call: SalesforceCall): Promise<ReadonlySet<string> | null> {
  try {
    const rows = await everyRow(call, { fields: ['UserId'], from: 'UserLogin', where: 'IsFrozen = true' })
    return new Set(rows.flatMap((row) => longId(text(row.UserId) ?? '') ?? []))
  } catch (error) {
    if (error instanceof CrmRefusedError || error instanceof CrmUnknownError) return null
    throw error
  }
}
