import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { accountOf, candidatesOf } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition } from './condition.ts'
import { readFieldName } from './field-name.ts'

/**
 * Reads for a condition that its CRM cannot answer, since it names a value that a list does not have, or one of another type.
 * Nobody knows what was meant, so another value than the condition names may be the one. A blank is surely not, and what the
 * condition names rightly beside the mistake is surely meant.
 */
export function fittingReader(
  { field, unfit }: Condition,
  read: (facts: CaseFacts) => Known,
  holds: (value: FieldText, facts: CaseFacts) => boolean,
): (facts: CaseFacts) => Known {
  if (unfit === undefined) return read
  const name = readFieldName(field)
  if (name === null || name.kind === 'fact') return read
  const asked = name.kind === 'account' ? askedAccounts : ({ record }: CaseFacts) => [record]
  return (facts) => {
    const value = read(facts)
    if (value === null || value instanceof Unknown || holds(value, facts)) return value
    for (const record of asked(facts)) {
      const found = unfit.find(({ objectType }) => objectType === record.objectType)
      if (found !== undefined) return unknown(record, name.field, found.why, field)
    }
    return value
  }
}

function askedAccounts(facts: CaseFacts): readonly CrmRecord[] {
  const account = accountOf(facts)
  return account instanceof Unknown ? candidatesOf(facts) : account === null ? [] : [account]
}

function unknown(
  { connectionId, crm, objectType }: CrmRecord,
  field: string,
  why: 'no-such-value' | 'wrong-type',
  name: string,
): Unknown {
  return new Unknown([{ connectionId, crm, objectType, field, why, name }])
}

/** Conditions with the same key read the same: one that does not fit reads for itself. */
export function readingKey(condition: Condition): string {
  return condition.unfit === undefined ? condition.field : JSON.stringify(condition)
}
