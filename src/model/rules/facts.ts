import { readCountry } from '../matching/country.ts'
import { accountDomain } from '../matching/keys.ts'
import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { objectShape } from '../record/object-shape.ts'
import { type DriftKind, driftInWords } from '../record/schema-drift.ts'
import type { FactName } from './condition.ts'
import { type FieldName, readFieldName } from './field-name.ts'

/** `unknown`: no list has held this id and the CRM has not answered for it yet, or nobody knows who works the queue. */
export type OwnerState = 'active' | 'inactive' | 'deleted' | 'queue' | 'empty-queue' | 'none' | 'unknown'

/**
 * Everything a condition may ask about one case. Facts are worked out when first asked for, because most records are
 * decided by one or two of them.
 */
export type CaseFacts = {
  readonly record: CrmRecord
  readonly shape: ObjectShape
  readonly neighbours: Neighbours
  readonly directory: Directory
  readonly nowMs: number
  readonly ownerState: OwnerState
  /** Undefined: blank, proven gone, or not known yet. */
  readonly owner: CrmUser | undefined
  /** What-if values by the name that conditions use. Null: the case as it is. */
  readonly supposed: ReadonlyMap<string, FieldText> | null
  readonly known: { [Fact in FactName]?: FieldText }
}

export function caseFacts(
  record: CrmRecord,
  shape: ObjectShape,
  neighbours: Neighbours,
  directory: Directory,
  nowMs: number,
): CaseFacts {
  const ownerId = record.values[shape.owner] ?? null
  const owner = ownerId === null ? undefined : directory.user(record.connectionId, ownerId)
  return {
    record,
    shape,
    neighbours,
    directory,
    nowMs,
    owner,
    ownerState: ownerState(isBlank(ownerId), owner, ownerId !== null && directory.isGone(record.connectionId, ownerId)),
    supposed: null,
    known: {},
  }
}

/** The same case with some inputs changed, to find what would change the outcome. */
export function supposing(facts: CaseFacts, supposed: ReadonlyMap<string, FieldText>): CaseFacts {
  return { ...facts, supposed }
}

export function isBlank(value: FieldText | undefined): boolean {
  return value === null || value === undefined || value.trim() === ''
}

export function ownerState(isOwnerBlank: boolean, owner: CrmUser | undefined, isGone: boolean): OwnerState {
  if (isOwnerBlank) return 'none'
  if (owner === undefined) return isGone ? 'deleted' : 'unknown'
  if (owner.kind === 'queue') {
    if (owner.activeMembers === null) return 'unknown'
    return owner.activeMembers > 0 ? 'queue' : 'empty-queue'
  }
  return owner.active ? 'active' : 'inactive'
}

/** A look-up for one field name, worked out once when a policy is compiled. */
export function fieldReader(name: string): (facts: CaseFacts) => FieldText {
  const read = plainReader(readFieldName(name))
  return (facts) => {
    if (facts.supposed !== null) {
      const supposed = facts.supposed.get(name)
      if (supposed !== undefined) return supposed
    }
    const value = read(facts)
    return isBlank(value) ? null : value
  }
}

function plainReader(name: FieldName | null): (facts: CaseFacts) => FieldText {
  if (name === null) return () => null
  if (name.kind === 'fact') {
    const { fact } = name
    return (facts) => {
      const known = facts.known[fact]
      if (known !== undefined) return known
      const value = FACTS[fact](facts)
      facts.known[fact] = value
      return value
    }
  }
  const { field } = name
  if (name.kind === 'account') return (facts) => accountOf(facts)?.values[field] ?? null
  const { only } = name
  if (only === null) return (facts) => facts.record.values[field] ?? null
  return ({ record }) =>
    record.crm === only.crm && record.objectType === only.object ? (record.values[field] ?? null) : null
}

/** The linked account; an account is its own. */
export function accountOf({ record, shape, neighbours }: CaseFacts): CrmRecord | null {
  return shape.about === 'account' ? record : neighbours.account
}

const FACTS: Readonly<Record<FactName, (facts: CaseFacts) => FieldText>> = {
  'fact.crm': ({ record }) => record.crm,
  'fact.object': ({ record }) => record.objectType,
  'fact.country': ({ record, shape }) => (shape.country === null ? null : readCountry(record.values[shape.country])),
  'fact.domain': ({ record }) => accountDomain(record),
  'fact.employees': employees,
  'fact.customer': (facts) => String(isCustomer(facts.record) || isCustomer(accountOf(facts))),
  'fact.openPipeline': openPipeline,
  'fact.owner': ({ owner }) => owner?.email ?? null,
  'fact.ownerState': ({ ownerState }) => ownerState,
}

function employees(facts: CaseFacts): FieldText {
  for (const record of [facts.record, accountOf(facts)]) {
    if (record === null) continue
    const field = objectShape(record.crm, record.objectType)?.employees
    const value = field == null ? null : (record.values[field] ?? null)
    if (!isBlank(value)) return value
  }
  return null
}

function isCustomer(record: CrmRecord | null): boolean {
  if (record === null) return false
  const customer = objectShape(record.crm, record.objectType)?.customer
  if (customer == null) return false
  const value = record.values[customer.field]
  return value != null && customer.values.includes(value)
}

/** Sum of open deals. In whole cents, so that the order of the deals cannot change the last digit. */
function openPipeline({ neighbours }: CaseFacts): FieldText {
  let cents = 0
  for (const deal of neighbours.deals) {
    const shape = objectShape(deal.crm, deal.objectType)
    if (shape?.amount == null || deal.deleted || deal.mergedInto !== null) continue
    if (shape.closedFlag !== null && deal.values[shape.closedFlag] === 'true') continue
    const amount = Number(deal.values[shape.amount] ?? 0)
    if (Number.isFinite(amount)) cents += Math.round(amount * 100)
  }
  return String(cents / 100)
}

/** False, as nearly always: nothing that a name could speak of is hidden, so nobody has to look further. */
export function isAnythingHidden({ record, neighbours: { account, deals, dealsHidden } }: CaseFacts): boolean {
  return (
    dealsHidden === true ||
    isPartlyHidden(record) ||
    (account !== null && isPartlyHidden(account)) ||
    deals.some(isPartlyHidden)
  )
}

function isPartlyHidden({ unreadable, drifted }: CrmRecord): boolean {
  return unreadable.size > 0 || (drifted !== undefined && drifted.size > 0)
}

/** We may not read it, or what we read no longer means what the policies were written for. */
function isHidden(record: CrmRecord, field: string): boolean {
  return record.unreadable.has(field) || (record.drifted?.has(field) ?? false)
}

/** Why none of these names can be judged, for people: one clause each. */
export function whyHidden(names: readonly string[], facts: CaseFacts): string {
  const all = [...new Set(names)]
  const unread = all.filter((name) => driftOf(name, facts) === undefined)
  const drifted = all.filter((name) => driftOf(name, facts) !== undefined)
  return [
    ...(unread.length > 0 ? [`our credentials may not read ${unread.join(', ')}`] : []),
    ...drifted.map((name) => driftInWords(name, driftOf(name, facts))),
  ].join('; ')
}

/** Nothing changed in the CRM: a permission is all that is missing, or that we read it. */
export function isOnlyUnreadable(names: readonly string[], facts: CaseFacts): boolean {
  return names.every((name) => [undefined, 'not-read'].includes(driftOf(name, facts)))
}

function driftOf(name: string, facts: CaseFacts): DriftKind | undefined {
  const isAccounts = name.startsWith('account.')
  const field = isAccounts ? name.slice('account.'.length) : name
  const holders = isAccounts ? [accountOf(facts)] : [facts.record, ...facts.neighbours.deals]
  for (const holder of holders) {
    const kind = holder?.drifted?.get(field)
    if (kind !== undefined) return kind
  }
  return undefined
}

/** The fields behind a name that our credentials may not read; any of them makes an answer a guess. */
export function unreadableBehind(name: string, facts: CaseFacts): string[] {
  if (!isAnythingHidden(facts)) return []
  const parsed = readFieldName(name)
  if (parsed === null) return []
  const { record, shape } = facts
  const account = accountOf(facts)
  if (parsed.kind === 'own') {
    const isElsewhere =
      parsed.only !== null && (parsed.only.crm !== record.crm || parsed.only.object !== record.objectType)
    return !isElsewhere && isHidden(record, parsed.field) ? [parsed.field] : []
  }
  if (parsed.kind === 'account') {
    return account !== null && isHidden(account, parsed.field) ? [`account.${parsed.field}`] : []
  }
  switch (parsed.fact) {
    case 'fact.country':
      return hidden(record, [shape.country])
    case 'fact.domain':
      return hidden(record, [shape.email, shape.domain])
    case 'fact.owner':
    case 'fact.ownerState':
      return hidden(record, [shape.owner])
    case 'fact.employees':
      return [...hidden(record, [shape.employees]), ...hiddenOfAccount(facts, (s) => [s.employees])]
    case 'fact.customer':
      return [
        ...hidden(record, [shape.customer?.field ?? null]),
        ...hiddenOfAccount(facts, (s) => [s.customer?.field ?? null]),
      ]
    case 'fact.openPipeline':
      return [
        ...(facts.neighbours.dealsHidden ? ['deals'] : []),
        ...facts.neighbours.deals.flatMap((deal) => {
          const dealShape = objectShape(deal.crm, deal.objectType)
          return dealShape === undefined ? [] : hidden(deal, [dealShape.amount, dealShape.closedFlag])
        }),
      ]
    default:
      return []
  }
}

function hidden(record: CrmRecord, fields: readonly (string | null)[]): string[] {
  return fields.filter((field): field is string => field !== null && isHidden(record, field))
}

function hiddenOfAccount(facts: CaseFacts, pick: (shape: ObjectShape) => (string | null)[]): string[] {
  const { account } = facts.neighbours
  if (account === null) return []
  const shape = objectShape(account.crm, account.objectType)
  return shape === undefined ? [] : hidden(account, pick(shape)).map((field) => `account.${field}`)
}
