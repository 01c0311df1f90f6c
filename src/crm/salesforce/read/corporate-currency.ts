import { CrmRefusedError } from '../../crm-client.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { query, text } from '../rest/query.ts'

/**
 * The currency in which an org with several counts, and in which a record is that names none. There is no such object in an
 * org with one. Null: it does not say.
 */
export async function readCorporateCurrency(call: SalesforceCall): Promise<string | null> {
  try {
    const { rows } = await query(call, 'SELECT Id, IsoCode FROM CurrencyType WHERE IsCorporate = true LIMIT 1')
    const code = text(rows[0]?.IsoCode)
    return code !== null && /^[A-Z]{3}$/.test(code) ? code : null
  } catch (error) {
    if (error instanceof CrmRefusedError) return null
    throw error
  }
}
