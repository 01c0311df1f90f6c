import { comparableText } from '../record/comparable-text.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, type MissingInput, type Truth, Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { oncePer } from '../record/once-per.ts'
import { accountOf, candidatesOf, isAccount } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition, Conditions } from './condition.ts'
import { readFieldName } from './field-name.ts'
import { membersOf } from './list-values.ts'

/**
 * Whether the record is of an existing customer: by its own mark, its account's, or that of the same person or company in
 * whichever CRM. One of them is enough, also where it is not known which account is the record's. A mark that cannot be seen
 * may say it, so without another that does nobody knows.
 */
export function customer(facts: CaseFacts): Known {
  const marked = whoseMarksCount(facts)
  let unknown = unseenMarks(facts)
  for (const { record, prefix } of marked) {
    const answer = isCustomer(record, facts.customers, prefix)
    if (answer === true) return 'true'
    if (answer instanceof Unknown) unknown = Unknown.both(unknown, answer)
  }
  return unknown ?? 'false'
}

type Marked = { readonly record: CrmRecord; readonly prefix: string }

function whoseMarksCount(facts: CaseFacts): Marked[] {
  const { record, neighbours } = facts
  const account = accountOf(facts)
  const accounts = account instanceof Unknown ? candidatesOf(facts) : account === null ? [] : [account]
  // One that comes twice says the same twice, and what it misses is named as it is met first.
  const marked: Marked[] = [{ record, prefix: '' }]
  for (const one of accounts) marked.push({ record: one, prefix: 'account.' })
  for (const { account: other } of neighbours.sameDomain?.accounts ?? []) marked.push(asOther(other))
  for (const match of neighbours.matches) {
    if (match.keys.some(({ key }) => key.startsWith('email:'))) marked.push(asOther(match.record))
  }
  return marked
}

function asOther(record: CrmRecord): Marked {
  return { record, prefix: `${record.crm}.${record.objectType}.` }
}

/** Records that may carry a mark and that nobody can see. */
function unseenMarks(facts: CaseFacts): Unknown | null {
  const { account, sameDomain, unseenKeys = [] } = facts.neighbours
  const isNamed = !isAccount(facts) && account instanceof Unknown && candidatesOf(facts).length === 0
  const persons = Unknown.of(unseenKeys.filter(isOfMarkedPersons))
  return Unknown.both(Unknown.both(isNamed ? account : null, sameDomain?.unknown ?? null), persons)
}

/** By their e-mail they might be found, and they might carry a mark of their own. */
function isOfMarkedPersons({ crm, objectType, field }: MissingInput): boolean {
  const shape = objectShape(crm, objectType)
  return shape?.about === 'person' && shape.customer !== null && (field === shape.email || field === WHOLE_RECORD)
}

function isCustomer(record: CrmRecord, named: Conditions, prefix: string): Truth {
  let unknown: Unknown | null = null
  for (const { field, values } of marksOf(record, named)) {
    const value = knownValue(record, field, `${prefix}${field}`)
    if (value instanceof Unknown) unknown = Unknown.both(unknown, value)
    else if (value !== null && (values === null || isAmong(value, values, record.lists?.has(field) ?? false)))
      return true
  }
  return unknown ?? false
}

function isAmong(value: string, values: ReadonlySet<string>, isList: boolean): boolean {
  const held = isList ? membersOf(value) : [value]
  return held.some((one) => values.has(comparableText(one)))
}

/** Values null: any. */
type Mark = { readonly field: string; readonly values: ReadonlySet<string> | null }
type MarksByObject = ReadonlyMap<string, readonly Mark[]>

const byObject = oncePer((named: Conditions): MarksByObject => Map.groupBy(named.flatMap(markOf), ({ of }) => of))

function marksOf({ crm, objectType }: CrmRecord, named: Conditions): readonly Mark[] {
  const ofPolicy = named.length === 0 ? NONE : (byObject(named).get(`${crm}/${objectType}`) ?? NONE)
  const own = objectShape(crm, objectType)?.customer
  return own == null ? ofPolicy : withOwn(ofPolicy)(own)
}

const NONE: readonly Mark[] = []

const withOwn = oncePer((ofPolicy: readonly Mark[]) =>
  oncePer((own: NonNullable<ObjectShape['customer']>): readonly Mark[] => [
    comparable(own.field, own.values),
    ...ofPolicy,
  ]),
)

function markOf(condition: Condition): (Mark & { readonly of: string })[] {
  const name = readFieldName(condition.field)
  if (name?.kind !== 'own' || name.only === null) return []
  const of = `${name.only.crm}/${name.only.object}`
  if (condition.op === 'in') return [{ of, ...comparable(name.field, condition.values) }]
  return condition.op === 'not-blank' ? [{ of, field: name.field, values: null }] : []
}

function comparable(field: string, values: readonly string[]): Mark {
  return { field, values: new Set(values.map(comparableText)) }
}
