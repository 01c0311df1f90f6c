import type { Policy } from '../../policy/policy.ts'
import { everyCondition } from '../../policy/values-named.ts'
import type { Crm } from '../../record/change-event.ts'
import { crmProfile, type ObjectShape } from '../../record/crm-profile.ts'
import { objectShape } from '../../record/object-shape.ts'
import { formFields } from '../../record/person-form.ts'
import { hasTerritories, isFieldOfOurs, TERRITORIES } from '../../record/territories-field.ts'
import { readFieldName } from '../../rules/field-name.ts'
import { fieldsOf } from '../registry.ts'

export type FieldsNeeded = {
  /** What the CRM is asked for. */
  readonly fields: string[]
  /** Fields whose own age counts. */
  readonly historyFields: string[]
  /** What the CRM keeps beside the record, and we among its values: see `territories-field.ts`. */
  readonly ours: string[]
}

/**
 * Every field of one object that any policy may look at: its shape, the patterns' fields, and whatever conditions name,
 * also when the object is only the linked account of what a workflow watches.
 */
export function fieldsNeeded(policies: readonly Policy[], crm: Crm, objectType: string): FieldsNeeded {
  const shape = objectShape(crm, objectType)
  if (shape === undefined) return { fields: [], historyFields: [], ours: [] }
  const fields = new Set(fieldsOfShape(shape))
  // A closed task is noticed by its status, also where the CRM is polled.
  if (shape.about === 'task') fields.add(crmProfile(crm).taskClosed.field)
  const history = new Set([shape.owner])
  for (const policy of policies) {
    for (const { field } of policy.customers ?? []) {
      const name = readFieldName(field)
      const isOfThis = name?.kind === 'own' && name.only?.crm === crm && name.only.object === objectType
      if (isOfThis) fields.add(name.field)
    }
    const isWatched = policy.objects.some((ref) => ref.crm === crm && ref.object === objectType)
    const isAccountOfWatched = shape.about === 'account' && policy.objects.some((ref) => ref.crm === crm)
    if (!isWatched && !isAccountOfWatched) continue
    for (const conditions of everyCondition(policy)) {
      for (const condition of conditions) {
        const name = readFieldName(condition.field)
        if (name === null) continue
        if (name.kind === 'fact') {
          // The only fact that few policies ask for, so nobody else has to let us read its field.
          if (isWatched && name.fact === 'fact.state' && shape.state !== null) fields.add(shape.state)
          continue
        }
        if (name.kind === 'account') {
          if (isAccountOfWatched) fields.add(name.field)
        } else if (isWatched && (name.only === null || (name.only.crm === crm && name.only.object === objectType))) {
          fields.add(name.field)
        }
      }
    }
    if (!isWatched) continue
    for (const setting of policy.patterns) {
      const { only } = setting
      if (only !== undefined && (only.crm !== crm || only.object !== objectType)) continue
      const { read, aged } = fieldsOf(setting)
      for (const field of read) fields.add(field)
      for (const field of aged) history.add(field)
    }
  }
  const named = [...fields].sort()
  return {
    fields: named.filter((field) => !isFieldOfOurs(field)),
    historyFields: [...history].sort(),
    ours: named.filter((field) => field === TERRITORIES && hasTerritories(crm, objectType)),
  }
}

function fieldsOfShape(shape: ObjectShape): string[] {
  const {
    owner,
    name,
    email,
    moreEmails = [],
    phones,
    domain,
    companyName,
    country,
    employees,
    account,
    parent,
  } = shape
  const { createdAt, modifiedAt, amount, currency = null, homeAmounts = [], closedFlag, customer } = shape
  const all = [
    owner,
    ...name,
    email,
    ...moreEmails,
    ...phones,
    domain,
    companyName,
    country,
    employees,
    account,
    parent,
  ]
  all.push(
    createdAt,
    modifiedAt,
    amount,
    currency,
    ...homeAmounts,
    closedFlag,
    customer?.field ?? null,
    ...formFields(shape),
  )
  return all.filter((field): field is string => field !== null)
}
