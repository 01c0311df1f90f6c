import type { Crm } from '../record/change-event.ts'
import { isKnownCrm } from '../record/crm-profile.ts'
import { FACT_NAMES, type FactName } from './condition.ts'

/** What the `field` of a condition names. */
export type FieldName =
  | {
      readonly kind: 'own'
      readonly field: string
      readonly only: { readonly crm: Crm; readonly object: string } | null
    }
  | { readonly kind: 'account'; readonly field: string }
  | { readonly kind: 'fact'; readonly fact: FactName }

/** Reads the name; null where it starts like a fact but is none. */
export function readFieldName(name: string): FieldName | null {
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
