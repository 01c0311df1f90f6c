import type { CrmUser, Directory } from '../record/crm-user.ts'

/**
 * Whether two active users are one person: by one e-mail, or by e-mails that the company links. Null: not known, because
 * several users of a CRM have that e-mail, and nobody has said which of them is meant.
 */
export function isSamePerson(a: CrmUser, b: CrmUser, directory: Directory): boolean | null {
  if (a.connectionId === b.connectionId && a.userId === b.userId) return true
  if (a.email === null || b.email === null) return false
  if (a.email !== b.email) return directory.emailsOf(a.email).includes(b.email)
  return sharedBy(a, directory).length > 1 || sharedBy(b, directory).length > 1 ? null : true
}

function sharedBy({ connectionId, email }: CrmUser, directory: Directory): readonly CrmUser[] {
  return email === null ? [] : directory.peopleByEmail(connectionId, email)
}
