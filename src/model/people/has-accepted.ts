import type { PolicyOwners } from '../policy/policy.ts'
import type { Directory } from '../record/crm-user.ts'

/** Whether the person accepted their jobs in this policy, under whichever of their e-mails. */
export function hasAccepted({ accepted }: PolicyOwners, email: string, directory: Directory): boolean {
  return directory.emailsOf(email).some((one) => accepted[one] !== undefined)
}
