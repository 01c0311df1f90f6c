import type { ObjectTypeName } from './object-type.ts'
import { HOME_CURRENCY } from './property-definition.ts'
import type { Written } from './write-validation.ts'

/** What an admin entered under Settings, Account Defaults, Currency. There is none of JPY. */
const RATES: Readonly<Record<string, number>> = { USD: 0.9, GBP: 1.2 }

/** The properties that HubSpot computes from a write. */
export function derivedProperties(
  type: ObjectTypeName,
  before: Readonly<Record<string, string>>,
  written: Written,
  atMs: number,
): Written {
  const derived: Record<string, string> = {}
  const now = new Date(atMs).toISOString()
  const owner = written.hubspot_owner_id
  if (owner !== undefined && owner !== (before.hubspot_owner_id ?? '')) {
    derived.hubspot_owner_assigneddate = owner === '' ? '' : now
  }
  if (type === 'deals' && written.dealstage !== undefined) {
    derived.hs_is_closed = String(['closedwon', 'closedlost'].includes(written.dealstage))
    derived.hs_is_closed_won = String(written.dealstage === 'closedwon')
  }
  if (type === 'deals' && (written.amount !== undefined || written.deal_currency_code !== undefined)) {
    const { amount = '', deal_currency_code: currency = '' } = { ...before, ...written }
    const rate = currency === '' || currency === HOME_CURRENCY ? 1 : RATES[currency]
    const known = amount !== '' && rate !== undefined
    derived.amount_in_home_currency = known ? String(Math.round(Number(amount) * rate * 100) / 100) : ''
  }
  if (type === 'tasks' && written.hs_task_status !== undefined && written.hs_task_status !== before.hs_task_status) {
    derived.hs_task_completion_date = written.hs_task_status === 'COMPLETED' ? now : ''
  }
  return derived
}
