import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { amountIn } from '../record/currency.ts'
import { knownValue, missingField } from '../record/field-value.ts'
import { type Known, type MissingInput, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { accountOf, candidatesOf } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import { amountOf } from './number-range.ts'

/** Not known, and at least so much: what is missing only adds to it. */
export class UnknownSum extends Unknown {
  readonly atLeast: number

  constructor({ inputs }: Unknown, atLeast: number) {
    super(inputs as readonly [MissingInput, ...MissingInput[]])
    this.atLeast = atLeast
  }
}

/** What is known of a sum, in the worst case nothing. */
export function knownPart(sum: Known): number {
  return sum instanceof UnknownSum ? sum.atLeast : sum instanceof Unknown ? 0 : Number(sum ?? 0)
}

/**
 * Sum of the open deals of the record's account, or of another account at its domain where theirs come to more: a CRM often
 * holds a copy of the other's deals, so what two accounts have is not added. `currency` null: the company's own.
 */
export function openPipeline(facts: CaseFacts, currency: string | null): Known {
  const { deals, dealsUnknown = null, sameDomain } = facts.neighbours
  const account = accountOf(facts)
  const candidates = candidatesOf(facts).length
  const own = sumOf(deals, facts, currency)
  let unknown = Unknown.both(account instanceof Unknown && candidates === 0 ? account : null, dealsUnknown)
  // Nothing is open of any candidate, or else it matters which of them it is.
  const isDoubtful = candidates > 0 && own.isAny
  if (isDoubtful) unknown = Unknown.both(unknown, account as Unknown)
  unknown = Unknown.both(unknown, own.unknown)
  unknown = Unknown.both(unknown, Unknown.both(sameDomain?.unknown ?? null, sameDomain?.dealsUnknown ?? null))
  let cents = isDoubtful ? 0 : own.cents
  for (const other of sameDomain?.accounts ?? []) {
    const sum = sumOf(other.deals, facts, currency)
    unknown = Unknown.both(unknown, sum.unknown)
    cents = Math.max(cents, sum.cents)
  }
  return unknown === null ? String(cents / 100) : new UnknownSum(unknown, cents / 100)
}

type Sum = { readonly cents: number; readonly unknown: Unknown | null; readonly isAny: boolean }

/** In whole cents, so that the order of the deals cannot change the last digit. */
function sumOf(deals: readonly CrmRecord[], { homeCurrency }: CaseFacts, currency: string | null): Sum {
  let unknown: Unknown | null = null
  let cents = 0
  let isAny = false
  for (const deal of deals) {
    const open = openAmount(deal)
    if (open === 0) continue
    isAny = true
    const amount = open instanceof Unknown ? open : amountIn(deal, amountField(deal), { currency, home: homeCurrency })
    const added = amount instanceof Unknown ? amount : centsOf(amount, deal)
    if (added instanceof Unknown) unknown = Unknown.both(unknown, added)
    else cents += added
  }
  return { cents, unknown, isAny }
}

function amountField({ crm, objectType }: CrmRecord): string {
  return objectShape(crm, objectType)!.amount!
}

function centsOf(text: FieldText, deal: CrmRecord): number | Unknown {
  const amount = amountOf(text)
  return amount === null
    ? new Unknown([missingField(deal, amountField(deal), 'not-understood')])
    : Math.round(amount * 100)
}

/** False: the deal adds nothing to any sum of open deals. */
export function mayBeOpenMoney(deal: CrmRecord): boolean {
  return openAmount(deal) !== 0
}

/** Of one deal, in cents of its own currency; 0 for one that is closed or says no amount. */
export function openAmount(deal: CrmRecord): number | Unknown {
  const shape = objectShape(deal.crm, deal.objectType)
  if (shape?.amount == null || deal.deleted || deal.mergedInto !== null) return 0
  const isClosed: FieldText | Unknown = shape.closedFlag === null ? null : knownValue(deal, shape.closedFlag)
  if (isClosed === 'true') return 0
  const amount = knownValue(deal, shape.amount)
  const cents = amount instanceof Unknown ? amount : centsOf(amount, deal)
  // A deal without money adds nothing, open or closed.
  if (cents === 0) return 0
  if (cents instanceof Unknown) return isClosed instanceof Unknown ? Unknown.both(isClosed, cents)! : cents
  return isClosed instanceof Unknown ? isClosed : cents
}
