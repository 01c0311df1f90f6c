import type { CrmUser, Directory } from '../record/crm-user.ts'

/** The people of all connections as they will be once these users are deactivated. */
export function asIfLeft(directory: Directory, leaving: readonly CrmUser[]): Directory {
  const left = new Map(leaving.map((user) => [keyOf(user), { ...user, active: false }]))
  const stays = (user: CrmUser | undefined) => (user !== undefined && left.has(keyOf(user)) ? undefined : user)
  return {
    ...directory,
    user: (connectionId, userId) => left.get(`${connectionId}/${userId}`) ?? directory.user(connectionId, userId),
    personByEmail: (connectionId, email) => stays(directory.personByEmail(connectionId, email)),
    peopleByEmail: (connectionId, email) =>
      directory.peopleByEmail(connectionId, email).filter((user) => stays(user) !== undefined),
  }
}

function keyOf({ connectionId, userId }: CrmUser): string {
  return `${connectionId}/${userId}`
}
