import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue, missingField } from '../record/field-value.ts'
import { type Known, type Truth, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { accountOf, candidatesOf, isAccount } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition } from './condition.ts'
import { readFieldName } from './field-name.ts'
import type { UnreadText } from './place-facts.ts'

/** That the text of a field leaves open which number it means, under the name that a condition gives the field. */
export function unreadNumber(name: string, facts: CaseFacts): Unknown {
  const { record, field, shown } = sourceOf(name, facts)
  return new Unknown([missingField(record, field, 'not-understood', shown)])
}

type Asked = {
  readonly condition: Condition
  readonly read: (facts: CaseFacts) => Known
  readonly holds: (facts: CaseFacts) => Truth
}

/** The texts that leave open which of these conditions hold, each once. */
export function unreadNumbers(conditions: readonly Asked[], facts: CaseFacts): UnreadText[] {
  const unread = new Map<string, UnreadText>()
  for (const { condition, read, holds } of conditions) {
    const text = read(facts)
    if (condition.op !== 'range' || typeof text !== 'string' || !(holds(facts) instanceof Unknown)) continue
    const { shown } = sourceOf(condition.field, facts)
    const says = `the text "${text.trim()}" in ${shown} leaves open which number it means`
    unread.set(shown, { field: shown, text, says, isNumber: true })
  }
  return [...unread.values()]
}

type Source = { readonly record: CrmRecord; readonly field: string; readonly shown: string }

/** Which field of which record the number stands in. */
function sourceOf(name: string, facts: CaseFacts): Source {
  const { record, shape } = facts
  const parsed = readFieldName(name)
  if (parsed?.kind === 'account') return ofAccount(facts, () => parsed.field, name)
  if (parsed?.kind === 'own') return { record, field: parsed.field, shown: parsed.field }
  const own = shape.employees
  if (name !== 'fact.employees') return { record, field: name, shown: name }
  if (own !== null && (isAccount(facts) || knownValue(record, own) !== null)) return { record, field: own, shown: own }
  return ofAccount(facts, ({ crm, objectType }) => objectShape(crm, objectType)?.employees ?? name, null)
}

/** Of one among several candidates, which all have the same text. */
function ofAccount(facts: CaseFacts, fieldOf: (account: CrmRecord) => string, shown: string | null): Source {
  const account = accountOf(facts)
  const record = (account instanceof Unknown ? candidatesOf(facts)[0] : account) ?? facts.record
  const field = fieldOf(record)
  return { record, field, shown: shown ?? `account.${field}` }
}
