import type { PolicyOwners } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'

/**
 * The active user there of whoever has a job under this e-mail. Of a job that was given to a person that is the user whom
 * they confirmed, whoever has their e-mail now; of one that a file names, the only active user with the e-mail.
 */
export function holderIn(
  owners: PolicyOwners,
  directory: Directory,
  connectionId: ConnectionId,
  email: string,
): CrmUser | undefined {
  const holder = owners.holders?.[email]
  if (holder === undefined) return directory.personByEmail(connectionId, email)
  const users = (holder.users[connectionId] ?? []).flatMap((id) => directory.user(connectionId, id) ?? [])
  const able = users.filter(({ kind, active, integration }) => kind === 'person' && active && integration !== true)
  return able.find(({ standing }) => standing === undefined) ?? able[0]
}

/**
 * Whether they can do their job for that connection without a user there: known by a sign-in of their own. Where the CRM
 * has a user of theirs, or another CRM has deactivated all of them, the CRM's word counts.
 */
export function actsBySignIn(
  owners: PolicyOwners,
  directory: Directory,
  connectionId: ConnectionId,
  email: string,
): boolean {
  const holder = owners.holders?.[email]
  if (holder === undefined || !holder.signsIn || (holder.users[connectionId] ?? []).length > 0) return false
  const elsewhere = Object.keys(holder.users) as ConnectionId[]
  return elsewhere.length === 0 || elsewhere.some((id) => holderIn(owners, directory, id, email) !== undefined)
}
