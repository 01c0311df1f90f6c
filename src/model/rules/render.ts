import { crmProfile } from '../record/crm-profile.ts'
import type { Condition, Conditions, RuleOwner } from './condition.ts'
import { readFieldName } from './field-name.ts'

const FACT_WORDS: Readonly<Record<string, string>> = {
  'fact.crm': 'the CRM',
  'fact.object': 'the kind of record',
  'fact.country': 'the country',
  'fact.state': 'the state',
  'fact.domain': 'the company domain',
  'fact.employees': 'the number of employees',
  'fact.customer': 'being an existing customer',
  'fact.openPipeline': 'the open pipeline of the account',
  'fact.owner': 'the owner',
  'fact.ownerState': "the owner's state",
}

/** A field as people say it: `fact.country` is "the country", `account.industry` is "industry of the account". */
export function renderField(field: string): string {
  const inCurrency = / in (?:[A-Z]{3}|the home currency)$/.exec(field)
  if (inCurrency !== null) return `${renderField(field.slice(0, inCurrency.index))}${inCurrency[0]}`
  const words = FACT_WORDS[field]
  if (words !== undefined) return words
  if (field.startsWith('account.')) return `${field.slice('account.'.length)} of the account`
  const name = readFieldName(field)
  if (name?.kind !== 'own' || name.only === null) return field
  const { crm, object } = name.only
  return `${name.field} of ${crmProfile(crm).title} ${object}`
}

export function renderCondition(condition: Condition): string {
  const field = renderField(condition.field)
  switch (condition.op) {
    case 'in':
      return `${field} is ${either(condition.values)}`
    case 'not-in':
      return `${field} is not ${either(condition.values)}`
    case 'prefix':
      return `${field} starts with ${either(condition.values)}`
    case 'contains':
      return `${field} contains ${either(condition.values)}`
    case 'blank':
      return `${field} is blank`
    case 'not-blank':
      return `${field} is filled in`
    case 'older-than':
      return `${field} is more than ${condition.days} ${condition.days === 1 ? 'day' : 'days'} back`
    case 'range':
      if (condition.below === null) return `${field} is ${condition.from} or more`
      if (condition.from === null) return `${field} is below ${condition.below}`
      return `${field} is at least ${condition.from} and below ${condition.below}`
  }
}

/** `it goes to ...`: whom a rule names. */
export function renderOwner(owner: RuleOwner): string {
  if (typeof owner !== 'string') return `the queue ${owner.queue}`
  switch (owner) {
    case 'account.owner':
      return 'the owner of its account'
    case 'match.owner':
      return 'the owner of its duplicate'
    case 'deal.owner':
      return 'the owner of its open deal'
    case 'leave-alone':
      return 'nobody, because it is left alone'
    default:
      return owner
  }
}

/** "a is 1 and b is 2"; an empty list is "always". */
export function renderConditions(conditions: Conditions): string {
  return conditions.length === 0 ? 'always' : conditions.map(renderCondition).join(' and ')
}

/** "a, b or c". */
export function either(values: readonly string[]): string {
  return listed(values, 'or')
}

/** "a, b and c". */
export function together(values: readonly string[]): string {
  return listed(values, 'and')
}

function listed(values: readonly string[], joiner: string): string {
  if (values.length <= 1) return values[0] ?? 'nothing'
  return `${values.slice(0, -1).join(', ')} ${joiner} ${values.at(-1)}`
}
