import { sql } from 'kysely'
import { mergePeople } from '../../model/people/company-directory.ts'
import { namedInPolicies } from '../../model/people/named-in-policies.ts'
import { linkedEmails } from '../../model/record/company-people.ts'
import { together } from '../../model/rules/render.ts'
import { counted } from '../../model/surface/numbers.ts'
import type { Database } from '../../store/database/database.ts'
import { countOpenTasks } from '../../store/decisions/departures.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'

type StillNamed = {
  readonly email: string
  /** Null: nothing but records names them. */
  readonly says: string | null
  /** People have to name somebody else. Lanekeeper itself moves what is only a task of ours. */
  readonly needsAction: boolean
}

/** For everybody who left and owns records: where the policies and our open tasks still name them. */
export async function readStillNamed(
  db: Database,
  now: Date,
): Promise<(connectionId: string, userId: string) => StillNamed | undefined> {
  const { rows } = await sql<{ connection: string; user: string; email: string }>`
    select n.connection_id as connection, u.user_id as user, u.email
    from notice n join crm_user u on u.connection_id = n.connection_id and u.user_id = n.subject
    where n.code = 'owner-gone' and n.ended_at is null and u.email is not null`.execute(db)
  if (rows.length === 0) return () => undefined
  const policies = (await policiesInForce(db)).map(({ policy }) => policy)
  const linked = mergePeople(policies.flatMap(({ people }) => people ?? []))
  const today = now.toISOString().slice(0, 10)
  const people = rows.map((row) => ({ ...row, emails: linkedEmails(linked, row.email) }))
  const tasksOf = await countOpenTasks(db, [...new Set(people.flatMap(({ emails }) => emails))])
  const found = new Map<string, StillNamed>()
  for (const { connection, user, email, emails } of people) {
    const tasks = emails.reduce((sum, one) => sum + (tasksOf.get(one) ?? 0), 0)
    const kinds = Map.groupBy(namedInPolicies(policies, emails, today), ({ kind }) => kind)
    const counts = [
      ...[...kinds].map(([kind, places]) => counted(places.length, NOUNS[kind][0], NOUNS[kind][1])),
      ...(tasks > 0 ? [counted(tasks, 'open task')] : []),
    ]
    const says = counts.length === 0 ? null : `Still named in ${together(counts)}.`
    found.set(`${connection}/${user}`, { email, says, needsAction: kinds.size > 0 })
  }
  return (connectionId, userId) => found.get(`${connectionId}/${userId}`)
}

const NOUNS = {
  rule: ['rule', 'rules'],
  condition: ['condition', 'conditions'],
  job: ['job', 'jobs'],
  territory: ['territory', 'territories'],
  delegate: ['absence as delegate', 'absences as delegate'],
} as const
