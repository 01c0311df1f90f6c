import type { CrmRecord } from '../record/crm-record.ts'
import { Unknown } from '../record/knowledge.ts'
import { accountOf } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import { readFieldName } from './field-name.ts'

/** The values that a field holds which may hold several, joined with `;` in both CRMs. */
export function membersOf(text: string): string[] {
  return text
    .split(';')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}

/** One spelling of a whole list, in whatever order and however often its values are named. */
export function listKey(text: string, comparable: (text: string) => string): string {
  return [...new Set(membersOf(text).map(comparable))].sort().join(';')
}

/**
 * Whether the field holds several values in this case, by the type that the CRM's schema gives it. A `;` in any other field
 * is a character like others: a company may be called "Foo; Bar".
 */
export function listReader(name: string): (facts: CaseFacts) => boolean {
  const parsed = readFieldName(name)
  if (parsed === null || parsed.kind === 'fact') return () => false
  const isList = ({ lists }: CrmRecord) => lists?.has(parsed.field) ?? false
  if (parsed.kind === 'own') return ({ record }) => isList(record)
  return (facts) => {
    const account = accountOf(facts)
    if (account instanceof Unknown) return (facts.neighbours.accountCandidates ?? []).some(isList)
    return account !== null && isList(account)
  }
}
