import { type JobHolder, type PolicyOwners, SINGLE_JOBS } from '../policy/policy.ts'
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
  return holder === undefined
    ? directory.personByEmail(connectionId, email)
    : confirmedUser(holder, directory, connectionId)
}

function confirmedUser(holder: JobHolder, directory: Directory, connectionId: ConnectionId): CrmUser | undefined {
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

/** Whether whoever got a case may keep it: they are active there, and where people hold the jobs they still have one. */
export function keepsCases(
  owners: PolicyOwners,
  directory: Directory,
  connectionId: ConnectionId,
  email: string,
): boolean {
  if (owners.holders === undefined) return directory.personByEmail(connectionId, email) !== undefined
  const named = [...Object.values(owners.reviewers).flat(), ...SINGLE_JOBS.map((job) => owners[job])]
  return named.includes(email) && holderIn(owners, directory, connectionId, email) !== undefined
}

/** People found by e-mail as ever, and whoever has a job under that e-mail as the user whom they confirmed. */
export function confirmedUsers(directory: Directory, holders: Readonly<Record<string, JobHolder>>): Directory {
  return {
    ...directory,
    personByEmail(connectionId, email) {
      const holder = holders[email]
      return holder === undefined
        ? directory.personByEmail(connectionId, email)
        : confirmedUser(holder, directory, connectionId)
    },
  }
}
