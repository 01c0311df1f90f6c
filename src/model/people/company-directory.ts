import type { ConnectionId } from '../record/change-event.ts'
import type { CompanyPeople } from '../record/company-people.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { theOnly } from './directory.ts'

/** Records are decided by the thousand with one directory and a few policies. */
const made = new WeakMap<CompanyPeople, WeakMap<Directory, Directory>>()

/** The people of all connections as the company links them: an e-mail finds its person under each of their others. */
export function companyDirectory(directory: Directory, people: CompanyPeople | undefined): Directory {
  if (people === undefined) return directory
  const ofThese = made.get(people) ?? new WeakMap<Directory, Directory>()
  made.set(people, ofThese)
  const known = ofThese.get(directory) ?? linked(directory, people)
  ofThese.set(directory, known)
  return known
}

function linked(directory: Directory, { persons, integrations }: CompanyPeople): Directory {
  const emailsOf = new Map(persons.flatMap((emails) => emails.map((email) => [email, emails] as const)))
  const programs = new Set(integrations)
  const isProgram = (email: string | null) => email !== null && programs.has(email)
  const marked = new Map<CrmUser, CrmUser>()
  const others = (email: string) => emailsOf.get(email) ?? [email]
  const peopleByEmail = (connectionId: ConnectionId, email: string): readonly CrmUser[] => {
    // The e-mail as it was written comes first: the same person may be two users of one CRM.
    const own = isProgram(email) ? [] : directory.peopleByEmail(connectionId, email)
    if (own.length > 0 || !emailsOf.has(email)) return own
    return others(email).flatMap((one) => (isProgram(one) ? [] : directory.peopleByEmail(connectionId, one)))
  }
  return {
    ...directory,
    user(connectionId, userId) {
      const user = directory.user(connectionId, userId)
      if (user === undefined || user.kind !== 'person' || !isProgram(user.email)) return user
      // The same object each time: owners are compared by it.
      const known = marked.get(user) ?? { ...user, integration: true }
      marked.set(user, known)
      return known
    },
    peopleByEmail,
    personByEmail: (connectionId, email) => theOnly(peopleByEmail(connectionId, email)),
    isFrozen: (connectionId, email) => others(email).some((one) => directory.isFrozen(connectionId, one)),
    openTasks: (email) => others(email).reduce((sum, one) => sum + directory.openTasks(one), 0),
    emailsOf: others,
  }
}

/** One list of what several policies in force say: a version that was kept may be older than the file. */
export function mergePeople(all: readonly CompanyPeople[]): CompanyPeople {
  const groups: Set<string>[] = []
  for (const emails of all.flatMap(({ persons }) => persons)) {
    const same = groups.filter((group) => emails.some((email) => group.has(email)))
    const merged = new Set([...same.flatMap((group) => [...group]), ...emails])
    for (const group of same) groups.splice(groups.indexOf(group), 1)
    groups.push(merged)
  }
  return {
    persons: groups.map((group) => [...group]),
    integrations: [...new Set(all.flatMap(({ integrations }) => integrations))],
  }
}
