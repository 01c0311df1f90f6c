import type { CrmUser, Directory } from '../record/crm-user.ts'

/** Look-ups over the people of all connections, with the open tasks of each counted up as a batch hands out more. */
export type CountingDirectory = Directory & { handOut(email: string): void }

export function buildDirectory(users: readonly CrmUser[], openTasks: ReadonlyMap<string, number>): CountingDirectory {
  const byId = new Map<string, CrmUser>()
  const byEmail = new Map<string, CrmUser | null>()
  for (const user of users) {
    byId.set(`${user.connectionId}/${user.userId}`, user)
    if (user.kind !== 'person' || user.email === null || !user.active) continue
    const key = `${user.connectionId}/${user.email}`
    // One e-mail, two active users: which of them is meant is not guessed. `people-conflict` says so.
    byEmail.set(key, byEmail.has(key) ? null : user)
  }
  const counts = new Map(openTasks)
  return {
    user: (connectionId, userId) => byId.get(`${connectionId}/${userId}`),
    personByEmail: (connectionId, email) => byEmail.get(`${connectionId}/${email}`) ?? undefined,
    openTasks: (email) => counts.get(email) ?? 0,
    handOut: (email) => {
      counts.set(email, (counts.get(email) ?? 0) + 1)
    },
  }
}
