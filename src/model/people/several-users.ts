import type { CrmUser } from '../record/crm-user.ts'

/** `Ann Lee (1) and Ann Lee (2)`: users of one e-mail are told apart by their ids alone. */
export function severalInWords(users: readonly CrmUser[]): string {
  const names = users.map(({ name, email, userId }) => `${name.trim() === '' ? (email ?? 'a user') : name} (${userId})`)
  return names.toSorted().join(' and ')
}
