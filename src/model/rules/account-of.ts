import type { CrmRecord } from '../record/crm-record.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import type { CaseFacts } from './case-facts.ts'

/** The linked account; an account is its own. Null: there is none. */
export function accountOf(facts: CaseFacts): CrmRecord | Unknown | null {
  return isAccount(facts) ? facts.record : facts.neighbours.account
}

/** Also one that is a person: contacts, deals and territories hang off it as off any other account. */
export function isAccount({ record: { crm, objectType } }: Pick<CaseFacts, 'record'>): boolean {
  return objectShape(crm, objectType)?.about === 'account'
}

/**
 * What the linked account answers; null: there is none. Where it is one of several candidates, what all of them answer
 * alike is known, and anything else is not.
 */
export function askAccount(facts: CaseFacts, ask: (account: CrmRecord) => Known): Known {
  const account = accountOf(facts)
  if (account === null) return null
  if (!(account instanceof Unknown)) return ask(account)
  const answers = candidatesOf(facts).map(ask)
  const [first = account] = answers
  if (!(first instanceof Unknown) && answers.every((answer) => answer === first)) return first
  return answers.reduce<Unknown>(
    (unknown, one) => (one instanceof Unknown ? Unknown.both(unknown, one)! : unknown),
    account,
  )
}

export function candidatesOf(facts: CaseFacts): readonly CrmRecord[] {
  return isAccount(facts) ? [] : (facts.neighbours.accountCandidates ?? [])
}
