import type { CrmUser, Directory } from '../model/lanes/person.ts'

/** Look-ups over the people of all connections, with the open tasks of each counted up as a batch hands out more. */
export type CountingDirectory = Directory & { handOut(email: string): void }

export function buildDirectory(users: readonly CrmUser[], openTasks: ReadonlyMap<string, number>): CountingDirectory {
  const byId = new Map<string, CrmUser>()
  const byEmail = new Map<string, CrmUser>()
  for (const user of users) {
    byId.set(`${user.connectionId}/${user.userId}`, user)
    if (user.kind !== 'person' || user.email === null || !user.active) continue
    const key = `${user.connectionId}/${user.email}`
    const other = byEmail.get(key)
    // One e-mail, two active users: the smaller id, so that the answer does not depend on the order of a list.
    if (other === undefined || user.userId < other.userId) byEmail.set(key, user)
  }
  const counts = new Map(openTasks)
  return {
    user: (connectionId, userId) => byId.get(`${connectionId}/${userId}`),
    personByEmail: (connectionId, email) => byEmail.get(`${connectionId}/${email}`),
    openTasks: (email) => counts.get(email) ?? 0,
    handOut: (email) => {
      counts.set(email, (counts.get(email) ?? 0) + 1)
    },
  }
}
