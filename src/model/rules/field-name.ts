import type { Crm } from '../record/change-event.ts'
import { isKnownCrm } from '../record/crm-profile.ts'
import { FACT_NAMES, type FactName } from './condition.ts'

/** What the `field` of a condition names. */
export type FieldName = (
  | {
      readonly kind: 'own'
      readonly field: string
      readonly only: { readonly crm: Crm; readonly object: string } | null
    }
  | { readonly kind: 'account'; readonly field: string }
  | { readonly kind: 'fact'; readonly fact: FactName }
) & {
  /** ISO 4217: the amount is asked in this currency; null: in the company's own. Absent: as a number. */
  readonly currency?: string | null
}

/** The name under which an amount is asked in one currency: `fact.openPipeline in EUR`. No field's own name has blanks. */
export function nameInCurrency(name: string, currency: string): string {
  return `${name} in ${currency}`
}

/** The same in the company's own currency, whatever that is. */
export function nameInHomeCurrency(name: string): string {
  return `${name}${IN_HOME}`
}

/** The name as the policy has it. */
export function asWrittenName(name: string): string {
  return name.endsWith(IN_HOME) ? name.slice(0, -IN_HOME.length) : name
}

const IN_HOME = ' in the home currency'

/** Reads the name; null where it starts like a fact but is none. */
export function readFieldName(name: string): FieldName | null {
  if (name.endsWith(IN_HOME)) {
    const plain = readPlainName(name.slice(0, -IN_HOME.length))
    return plain === null ? null : { ...plain, currency: null }
  }
  const [, field, currency] = /^(\S+) in ([A-Z]{3})$/.exec(name) ?? []
  if (field === undefined) return readPlainName(name)
  const plain = readPlainName(field)
  return plain === null ? null : { ...plain, currency: currency! }
}

function readPlainName(name: string): FieldName | null {
  if (name.startsWith('fact.')) {
    const fact = FACT_NAMES.find((known) => known === name)
    return fact === undefined ? null : { kind: 'fact', fact }
  }
  if (name.startsWith('account.')) return { kind: 'account', field: name.slice('account.'.length) }
  const parts = name.split('.')
  const [crm, object, field] = parts
  if (parts.length === 3 && crm && isKnownCrm(crm) && object && field) {
    return { kind: 'own', field, only: { crm, object } }
  }
  return { kind: 'own', field: name, only: null }
}
