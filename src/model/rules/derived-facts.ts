import { knownDomain } from '../matching/keys.ts'
import { knownValue } from '../record/field-value.ts'
import type { Known } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { askAccount, isAccount } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import type { FactName } from './condition.ts'
import { customer } from './customer.ts'
import { openPipeline } from './open-pipeline.ts'
import { country, state } from './place-facts.ts'

/** How each fact is worked out from what is known, so that what is missing under it makes it unknown and never blank. */
export const DERIVED: Readonly<Record<FactName, (facts: CaseFacts) => Known>> = {
  'fact.crm': ({ record }) => record.crm,
  'fact.object': ({ record }) => record.objectType,
  'fact.country': country,
  'fact.state': state,
  'fact.domain': domain,
  'fact.employees': employees,
  'fact.customer': customer,
  'fact.openPipeline': (facts) => openPipeline(facts, null),
  'fact.owner': ({ owner, ownerUnknown }) => ownerUnknown ?? owner?.email ?? null,
  'fact.ownerState': ({ ownerState, ownerUnknown }) => ownerUnknown ?? ownerState,
}

function domain({ record }: CaseFacts): Known {
  return knownDomain(record)
}

function employees(facts: CaseFacts): Known {
  const own = facts.shape.employees === null ? null : knownValue(facts.record, facts.shape.employees)
  if (own !== null || isAccount(facts)) return own
  return askAccount(facts, (account) => {
    const field = objectShape(account.crm, account.objectType)?.employees
    return field == null ? null : knownValue(account, field, `account.${field}`)
  })
}
