import type { CrmRecord } from './crm-record.ts'
import { knownValue } from './field-value.ts'
import { type Known, type MissingInput, Unknown } from './knowledge.ts'
import { objectShape } from './object-shape.ts'

/**
 * An amount of a record in one currency: as it stands there, or as the CRM itself works it out in its own. No rate is
 * guessed, so an amount in any other currency is not known. `currency` null: the home currency, in which an amount is that
 * names none unless its CRM has another. `home` null: nobody says which one that is.
 */
export function amountIn(
  record: CrmRecord,
  field: string,
  { currency, home }: { readonly currency: string | null; readonly home: string | null },
  name: string = field,
): Known {
  const amount = knownValue(record, field, name)
  if (amount === null || amount instanceof Unknown) return amount
  const written = currencyOf(record)
  if (written instanceof Unknown) return written
  const ofCrm = record.homeCurrency ?? home
  const is = written ?? ofCrm
  // Where nobody says which currency the company's is, each CRM's own is taken for it.
  const wanted = currency ?? home ?? ofCrm
  if (is === wanted) return amount
  const converted = wanted === ofCrm ? homeAmount(record, field) : null
  return converted ?? new Unknown([inAnotherCurrency(record, field, is, wanted)])
}

/** Null: the record names none. */
function currencyOf(record: CrmRecord): Known {
  const field = objectShape(record.crm, record.objectType)?.currency
  const written = field === undefined ? null : knownValue(record, field)
  return typeof written === 'string' ? written.trim().toUpperCase() : written
}

function homeAmount(record: CrmRecord, field: string): Known {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.amount !== field) return null
  for (const one of shape.homeAmounts ?? []) {
    const value = knownValue(record, one)
    if (value !== null) return value
  }
  return null
}

const HOME = 'the home currency'

function inAnotherCurrency(record: CrmRecord, field: string, is: string | null, wanted: string | null): MissingInput {
  const { connectionId, crm, objectType } = record
  // Both currencies are part of its name: it is one cause for each pair of them, whatever record meets it.
  const pair = `${field} (${is ?? HOME}, not ${wanted ?? HOME})`
  return { connectionId, crm, objectType, field: pair, why: 'other-currency', name: pair }
}

/** The parts of `amount (JPY, not USD)`; null where the field is no such pair. */
export function currencyPair(
  field: string,
): { readonly field: string; readonly is: string; readonly wanted: string } | null {
  const [, of, is, wanted] = /^(.+) \((.+), not (.+)\)$/.exec(field) ?? []
  return of === undefined ? null : { field: of, is: is!, wanted: wanted! }
}
