import { type CompanyPeople, NO_COMPANY_PEOPLE } from '../model/record/company-people.ts'
import { comparableText } from '../model/record/comparable-text.ts'
import type { CrmUser } from '../model/record/crm-user.ts'

/** Two users who may be one person, or one e-mail that is two people. Shown to a person, never guessed. */
export type PeopleConflict =
  | {
      readonly kind: 'one-email'
      readonly connectionId: string
      readonly email: string
      readonly people: readonly string[]
    }
  | {
      /** Of one name in two CRMs, and neither CRM knows the other's e-mail. */
      readonly kind: 'alias'
      readonly connectionId: string
      readonly otherConnectionId: string
      readonly people: readonly [string, string]
    }

/** Conflicts among the active people of one connection, and with those of the others. In an order of their own. */
export function findPeopleConflicts(
  users: readonly CrmUser[],
  connectionId: string,
  { persons, integrations }: CompanyPeople = NO_COMPANY_PEOPLE,
): PeopleConflict[] {
  const programs = new Set(integrations)
  const people = users.filter(
    ({ kind, active, integration, email }) =>
      kind === 'person' && active && integration !== true && email !== null && !programs.has(email),
  )
  const isLinked = (a: string, b: string) => persons.some((emails) => emails.includes(a) && emails.includes(b))
  const ours = people.filter((user) => user.connectionId === connectionId)
  const conflicts: PeopleConflict[] = []
  for (const [email, same] of Map.groupBy(ours, (user) => user.email!)) {
    if (same.length < 2) continue
    const named = same.map(({ name, userId }) => `${name} (${userId})`).sort()
    conflicts.push({ kind: 'one-email', connectionId, email, people: named })
  }
  const byName = Map.groupBy(people, (user) => comparableText(user.name))
  const known = new Set(people.map((user) => `${user.connectionId}\n${user.email}`))
  for (const user of ours) {
    for (const other of byName.get(comparableText(user.name)) ?? []) {
      if (other.connectionId === connectionId || other.email === user.email) continue
      if (isLinked(user.email!, other.email!)) continue
      // Whoever is in both under one e-mail is joined already; the other is somebody of the same name.
      if (known.has(`${other.connectionId}\n${user.email}`) || known.has(`${connectionId}\n${other.email}`)) continue
      conflicts.push({
        kind: 'alias',
        connectionId,
        otherConnectionId: other.connectionId,
        people: [`${user.name} <${user.email}>`, `${other.name} <${other.email}>`],
      })
    }
  }
  return conflicts.sort((a, b) => (conflictKey(a) < conflictKey(b) ? -1 : 1))
}

export function conflictKey(conflict: PeopleConflict): string {
  return conflict.kind === 'one-email' ? conflict.email : conflict.people.join(' / ')
}
