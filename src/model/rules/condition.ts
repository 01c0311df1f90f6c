/**
 * The one small typed language of every policy: scope, classes, branches and rules all speak it.
 *
 * `field` names one of
 * - a field of the record itself, in the vendor's spelling: `lifecyclestage`, `LeadSource`
 * - the same for one object only, blank on every other: the CRM, the object and the field, joined with dots
 * - a field of the linked account, or of the record when it is an account itself: `account.industry`
 * - a derived fact, the same in every CRM: see `FactName`
 */
export type Condition = Question & {
  /** Objects of the connection whose schema it does not fit: no answer of theirs counts. Only where a policy is fitted to one. */
  readonly unfit?: readonly Unfit[]
}

/** What the condition asks of a field which the field can never hold there. */
export type Unfit = { readonly objectType: string; readonly why: 'no-such-value' | 'wrong-type' }

type Question =
  | { readonly field: string; readonly op: 'in'; readonly values: readonly string[] } // equals is `in` with one value
  | { readonly field: string; readonly op: 'not-in'; readonly values: readonly string[] }
  | {
      readonly field: string
      readonly op: 'range'
      /** Numbers or dates in their one spelling; either end may be open. `from` is included, `below` is not. */
      readonly from: string | null
      readonly below: string | null
      /** The CRM describes the field as a number, so that 1.500 in it is one and a half. Only where a policy is fitted to one. */
      readonly isNumber?: true
    }
  | { readonly field: string; readonly op: 'prefix'; readonly values: readonly string[] }
  | { readonly field: string; readonly op: 'contains'; readonly values: readonly string[] }
  | { readonly field: string; readonly op: 'blank' }
  | { readonly field: string; readonly op: 'not-blank' }
  /** The field holds an instant or day further back than `days` before the moment of decision. Blank is not old. */
  | { readonly field: string; readonly op: 'older-than'; readonly days: number }

/** What the model derives for every record, whatever CRM it is from. */
export type FactName =
  | 'fact.crm' // the name under which the CRM's adapter is registered
  | 'fact.object' // contacts, Lead, ...
  | 'fact.country' // ISO 3166 alpha-2; a text that names no country stays itself, in quotes
  | 'fact.state' // ISO 3166-2 of the state or province, `US-CA`, read in the record's country
  | 'fact.domain' // registrable domain of web site or e-mail; blank for free mail providers
  | 'fact.employees' // employees of the record or, where it has no such number, of its linked account
  | 'fact.customer' // true, false: the record or its linked account is an existing customer
  | 'fact.openPipeline' // sum of the amounts of open deals of the record's account, decimal text, 0 when none
  | 'fact.owner' // e-mail of the person who owns the record; blank when nobody does
  | 'fact.ownerState' // active, inactive, deleted, queue, empty-queue, integration, none, unknown

export const FACT_NAMES = [
  'fact.crm',
  'fact.object',
  'fact.country',
  'fact.state',
  'fact.domain',
  'fact.employees',
  'fact.customer',
  'fact.openPipeline',
  'fact.owner',
  'fact.ownerState',
] as const satisfies readonly FactName[]

/** All conditions hold (AND). Within one condition, any listed value will do (OR). An empty list always holds. */
export type Conditions = readonly Condition[]

/**
 * Who gets a record: the person with this e-mail, who owns something that hangs together with it, or a queue by its name.
 * `leave-alone`: it stays as it is.
 */
export type RuleOwner = string | RelatedOwner | { readonly queue: string }

/** The owner of the linked account, of another record of the same person or account, of its open deal. */
export const RELATED_OWNERS = ['account.owner', 'match.owner', 'deal.owner', 'leave-alone'] as const

export type RelatedOwner = (typeof RELATED_OWNERS)[number]

/** The e-mail of the one person whom a rule names; null: it names a queue, or somebody who hangs together with the record. */
export function namedPerson(owner: RuleOwner): string | null {
  return typeof owner === 'string' && owner.includes('@') ? owner : null
}

/** One row of a first-match decision table. */
export type Rule = {
  readonly id: string
  readonly when: Conditions
  readonly owner: RuleOwner
  /** M25: the reason, at most three sentences, that a new operator understands. */
  readonly because: string
}
