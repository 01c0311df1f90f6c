import type { CrmUser, Directory } from '../record/crm-user.ts'

/** Look-ups over the people of all connections, with the open tasks of each counted up as a batch hands out more. */
export type CountingDirectory = Directory & { handOut(email: string): void }

export function buildDirectory(users: readonly CrmUser[], openTasks: ReadonlyMap<string, number>): CountingDirectory {
  const byId = new Map<string, CrmUser>()
  const byEmail = new Map<string, CrmUser[]>()
  const gone = new Set<string>()
  const frozen = new Set<string>()
  const queues = new Map<string, CrmUser[]>()
  for (const user of users) {
    const id = `${user.connectionId}/${user.userId}`
    if (user.standing === 'gone') {
      gone.add(id)
      continue
    }
    byId.set(id, user)
    if (user.frozen === true) frozen.add(`${user.connectionId}/${user.email}`)
    if (user.kind === 'queue') addTo(queues, queueKey(user.connectionId, user.name), user)
    if (user.kind !== 'person' || user.email === null || !user.active || user.integration === true) continue
    addTo(byEmail, `${user.connectionId}/${user.email}`, user)
  }
  const counts = new Map(openTasks)
  return {
    user: (connectionId, userId) => byId.get(`${connectionId}/${userId}`),
    isGone: (connectionId, userId) => gone.has(`${connectionId}/${userId}`),
    personByEmail: (connectionId, email) => theOnly(byEmail.get(`${connectionId}/${email}`) ?? []),
    peopleByEmail: (connectionId, email) => candidates(byEmail.get(`${connectionId}/${email}`) ?? []),
    queuesByName: (connectionId, name) => queues.get(queueKey(connectionId, name)) ?? [],
    isFrozen: (connectionId, email) => frozen.has(`${connectionId}/${email}`),
    openTasks: (email) => counts.get(email) ?? 0,
    emailsOf: (email) => [email],
    handOut: (email) => {
      counts.set(email, (counts.get(email) ?? 0) + 1)
    },
  }
}

function addTo(users: Map<string, CrmUser[]>, key: string, user: CrmUser): void {
  const same = users.get(key)
  if (same) same.push(user)
  else users.set(key, [user])
}

function queueKey(connectionId: string, name: string): string {
  return `${connectionId}/${queueName(name)}`
}

/** A queue is meant in any spelling of capitals. */
export function queueName(name: string): string {
  return name.trim().toLowerCase()
}

/** One e-mail, two active users: which of them is meant is not guessed; `people-conflict` says so. */
export function theOnly(same: readonly CrmUser[]): CrmUser | undefined {
  const left = candidates(same)
  return left.length === 1 ? left[0] : undefined
}

/** Somebody who moved to another id keeps the e-mail, and the last list has the new id only. */
function candidates(same: readonly CrmUser[]): readonly CrmUser[] {
  const listed = same.filter(({ standing }) => standing === undefined)
  return listed.length > 0 ? listed : same
}
