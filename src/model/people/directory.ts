import type { CrmUser, Directory } from '../record/crm-user.ts'

/** Look-ups over the people of all connections, with the open tasks of each counted up as a batch hands out more. */
export type CountingDirectory = Directory & { handOut(email: string): void }

export function buildDirectory(users: readonly CrmUser[], openTasks: ReadonlyMap<string, number>): CountingDirectory {
  const byId = new Map<string, CrmUser>()
  const byEmail = new Map<string, CrmUser[]>()
  const gone = new Set<string>()
  const frozen = new Set<string>()
  for (const user of users) {
    const id = `${user.connectionId}/${user.userId}`
    if (user.standing === 'gone') {
      gone.add(id)
      continue
    }
    byId.set(id, user)
    if (user.frozen === true) frozen.add(`${user.connectionId}/${user.email}`)
    if (user.kind !== 'person' || user.email === null || !user.active) continue
    const key = `${user.connectionId}/${user.email}`
    const same = byEmail.get(key)
    if (same) same.push(user)
    else byEmail.set(key, [user])
  }
  const counts = new Map(openTasks)
  return {
    user: (connectionId, userId) => byId.get(`${connectionId}/${userId}`),
    isGone: (connectionId, userId) => gone.has(`${connectionId}/${userId}`),
    personByEmail: (connectionId, email) => theOnly(byEmail.get(`${connectionId}/${email}`) ?? []),
    isFrozen: (connectionId, email) => frozen.has(`${connectionId}/${email}`),
    openTasks: (email) => counts.get(email) ?? 0,
    handOut: (email) => {
      counts.set(email, (counts.get(email) ?? 0) + 1)
    },
  }
}

/**
 * One e-mail, two active users: which of them is meant is not guessed; `people-conflict` says so. Somebody who moved to
 * another id keeps the e-mail, and the last list has the new id only.
 */
function theOnly(same: readonly CrmUser[]): CrmUser | undefined {
  const listed = same.filter(({ standing }) => standing === undefined)
  const candidates = listed.length > 0 ? listed : same
  return candidates.length === 1 ? candidates[0] : undefined
}
