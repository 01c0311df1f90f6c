import { readCountry } from '../matching/country.ts'
import { knownDomain } from '../matching/keys.ts'
import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, type Truth, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import type { FactName } from './condition.ts'
import type { CaseFacts } from './facts.ts'

/** How each fact is worked out from what is known, so that what is missing under it makes it unknown and never blank. */
export const DERIVED: Readonly<Record<FactName, (facts: CaseFacts) => Known>> = {
  'fact.crm': ({ record }) => record.crm,
  'fact.object': ({ record }) => record.objectType,
  'fact.country': country,
  'fact.domain': domain,
  'fact.employees': employees,
  'fact.customer': customer,
  'fact.openPipeline': openPipeline,
  'fact.owner': ({ owner, ownerUnknown }) => ownerUnknown ?? owner?.email ?? null,
  'fact.ownerState': ({ ownerState, ownerUnknown }) => ownerUnknown ?? ownerState,
}

/** The linked account; an account is its own. Null: there is none. */
export function accountOf({ record, shape, neighbours }: CaseFacts): CrmRecord | Unknown | null {
  return shape.about === 'account' ? record : neighbours.account
}

function country({ record, shape }: CaseFacts): Known {
  if (shape.country === null) return null
  const text = knownValue(record, shape.country)
  return text instanceof Unknown ? text : readCountry(text)
}

function domain({ record }: CaseFacts): Known {
  return knownDomain(record)
}

function employees(facts: CaseFacts): Known {
  const own = facts.shape.employees === null ? null : knownValue(facts.record, facts.shape.employees)
  if (own !== null || facts.shape.about === 'account') return own
  const account = accountOf(facts)
  if (account === null || account instanceof Unknown) return account
  const field = objectShape(account.crm, account.objectType)?.employees
  return field == null ? null : knownValue(account, field, `account.${field}`)
}

function customer(facts: CaseFacts): Known {
  const own = isCustomer(facts.record, '')
  if (own === true) return 'true'
  const account = accountOf(facts)
  const ofAccount: Truth = account instanceof Unknown ? account : isCustomer(account, 'account.')
  if (ofAccount === true) return 'true'
  const unknown = Unknown.both(own === false ? null : own, ofAccount === false ? null : ofAccount)
  return unknown ?? 'false'
}

function isCustomer(record: CrmRecord | null, prefix: string): Truth {
  if (record === null) return false
  const mark = objectShape(record.crm, record.objectType)?.customer
  if (mark == null) return false
  const value = knownValue(record, mark.field, `${prefix}${mark.field}`)
  if (value instanceof Unknown) return value
  return value !== null && mark.values.includes(value)
}

/** Sum of open deals. In whole cents, so that the order of the deals cannot change the last digit. */
function openPipeline(facts: CaseFacts): Known {
  const account = accountOf(facts)
  const { deals, dealsUnknown = null } = facts.neighbours
  let unknown = Unknown.both(account instanceof Unknown ? account : null, dealsUnknown)
  let cents = 0
  for (const deal of deals) {
    const value = openAmount(deal)
    if (value instanceof Unknown) unknown = Unknown.both(unknown, value)
    else cents += value
  }
  return unknown ?? String(cents / 100)
}

/** Of one deal, in cents; 0 for one that is closed or says no amount. */
function openAmount(deal: CrmRecord): number | Unknown {
  const shape = objectShape(deal.crm, deal.objectType)
  if (shape?.amount == null || deal.deleted || deal.mergedInto !== null) return 0
  const isClosed: FieldText | Unknown = shape.closedFlag === null ? null : knownValue(deal, shape.closedFlag)
  if (isClosed === 'true') return 0
  const amount = knownValue(deal, shape.amount)
  const cents = amount instanceof Unknown || amount === null ? 0 : Math.round(Number(amount) * 100)
  // Whatever the other is: a deal without money adds nothing, open or closed.
  if (!(amount instanceof Unknown) && (cents === 0 || !Number.isFinite(cents))) return 0
  const unknown = Unknown.both(isClosed instanceof Unknown ? isClosed : null, amount instanceof Unknown ? amount : null)
  return unknown ?? cents
}
