import { decide } from '../../model/decision/decide.ts'
import { personEmail } from '../../model/matching/person-email.ts'
import { asIfLeft } from '../../model/people/as-if-left.ts'
import { mergePeople } from '../../model/people/company-directory.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { emailsNamed, namedInPolicies } from '../../model/people/named-in-policies.ts'
import type { PolicyVersion } from '../../model/policy/policy.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { linkedEmails } from '../../model/record/company-people.ts'
import { refKey } from '../../model/record/crm-record.ts'
import type { CrmUser, Directory } from '../../model/record/crm-user.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { departureOutcome, OutcomeCounts } from '../../model/surface/departure.ts'
import type { DepartureList, DepartureRecords, DepartureUser, OwnedCount } from '../../model/surface/departure-list.ts'
import { listConnections } from '../../store/connections/connections.ts'
import type { Database } from '../../store/database/database.ts'
import {
  countOwned,
  openTasksOf,
  queuesOf,
  readOwned,
  territoriesOf,
  userFieldsOf,
} from '../../store/decisions/departures.ts'
import { openTaskCounts } from '../../store/decisions/open-tasks.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { readNeighbours } from '../../store/records/neighbours.ts'
import { neighbourQuery } from './decision-batch.ts'

/** As many as a batch of decisions takes. */
const RECORDS_AT_ONCE = 500

/** Nobody has this e-mail anywhere; those that somebody has, for one that was mistyped. */
export type NobodyKnown = { readonly knownEmails: readonly string[] }

export type DepartureQuestion = {
  readonly email: string
  readonly nowMs: number
  /** Of how many records it is worked out what rules would do. */
  readonly recordsMax: number
  readonly onPart?: (what: string) => void
}

/**
 * What still names somebody who left or is about to, and what rules would do with their records. Reads our own copy only.
 * Records are decided as if the person had left and every workflow might write, in batches, and nothing is saved.
 */
export async function readDeparture(db: Database, question: DepartureQuestion): Promise<DepartureList | NobodyKnown> {
  const { nowMs, onPart = () => {} } = question
  onPart('people and policies')
  const versions = await policiesInForce(db)
  const policies = versions.map(({ policy }) => policy)
  const people = await listUsers(db)
  const emails = emailsOf(question.email, versions)
  const users = people.filter(({ kind, email }) => kind === 'person' && email !== null && emails.includes(email))
  const places = namedInPolicies(policies, emails, new Date(nowMs).toISOString().slice(0, 10))
  const tasks = await openTasksOf(db, emails)
  if (users.length === 0 && places.length === 0 && tasks.length === 0) {
    const inCrms = people.flatMap(({ kind, email }) => (kind === 'person' && email !== null ? [email] : []))
    return { knownEmails: [...new Set([...inCrms, ...emailsNamed(policies)])] }
  }
  const connections = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
  const crmOf = new Map(connections.map(({ id, crm }) => [id as string, crm]))
  const inForce = { versions: versions.map(asLive), directory: buildDirectory(people, await openTaskCounts(db)) }
  onPart('queues and fields')
  const { queues, silent } = await queuesOf(db, users)
  const userFields = await userFieldsOf(db, users, (connectionId, objectType) => {
    const shape = objectShape(crmOf.get(connectionId)!, objectType)
    return shape === undefined ? [] : Object.values(shape).filter((field) => typeof field === 'string')
  })
  return {
    emails,
    connections: connections.map(({ id, crm, title }) => ({ id, crm, title })),
    users: users.map(userInList),
    records: await recordsOf(db, users, inForce, crmOf, question),
    places,
    tasks,
    queues,
    territories: await territoriesOf(db, users),
    queuesUnknownIn: silent,
    userFields,
  }
}

function emailsOf(email: string, versions: readonly PolicyVersion[]): readonly string[] {
  const asked = personEmail(email)
  const linked = linkedEmails(mergePeople(versions.flatMap(({ policy }) => policy.people ?? [])), asked)
  return [asked, ...linked.filter((one) => one !== asked)]
}

/** Whatever mode it is in: what is asked is what its rules say. */
function asLive({ hash, policy }: PolicyVersion): PolicyVersion {
  return { hash, policy: { ...policy, mode: 'live' } }
}

function userInList({
  connectionId,
  userId,
  name,
  email,
  standing,
  frozen,
  integration,
  active,
}: CrmUser): DepartureUser {
  const state =
    standing === 'gone'
      ? 'deleted'
      : frozen === true
        ? 'frozen'
        : !active
          ? 'deactivated'
          : integration === true
            ? 'integration'
            : 'active'
  return { connectionId, userId, name, email: email!, state }
}

type InForce = { readonly versions: readonly PolicyVersion[]; readonly directory: Directory }

async function recordsOf(
  db: Database,
  users: readonly CrmUser[],
  { versions, directory: today }: InForce,
  crmOf: ReadonlyMap<string, Crm>,
  question: DepartureQuestion,
): Promise<DepartureRecords[]> {
  const directory = asIfLeft(today, users)
  const all: DepartureRecords[] = []
  let left = question.recordsMax
  for (const owned of await countOwned(db, users)) {
    const { connectionId, objectType, records } = owned
    const watching = versions.filter(({ policy }) =>
      policy.objects.some(({ crm, object }) => crm === crmOf.get(connectionId) && object === objectType),
    )
    if (watching.length === 0) {
      const outcome = { kind: 'stays', workflow: null } as const
      all.push({ ...owned, decided: records, outcomes: [{ outcome, records }] })
      continue
    }
    const owners = users.filter((user) => user.connectionId === connectionId)
    const decided = await decideOwned(
      db,
      owners,
      owned,
      { versions: watching, directory },
      { ...question, recordsMax: left },
    )
    left -= decided.decided
    all.push({ ...owned, ...decided })
  }
  return all
}

/** Decides the records of one object page by page, up to the limit. */
async function decideOwned(
  db: Database,
  users: readonly CrmUser[],
  { connectionId, objectType, records }: OwnedCount,
  { versions, directory }: InForce,
  { nowMs, recordsMax, onPart = () => {} }: DepartureQuestion,
): Promise<Pick<DepartureRecords, 'decided' | 'outcomes'>> {
  const counts = new OutcomeCounts()
  let decided = 0
  for (const user of users) {
    let after: string | null = ''
    while (after !== null && decided < recordsMax) {
      onPart(`${objectType}, ${decided.toLocaleString('en')} of ${records.toLocaleString('en')}`)
      const limit = Math.min(RECORDS_AT_ONCE, recordsMax - decided)
      const page = await readOwned(db, user, objectType, { after, limit })
      const neighbours = await readNeighbours(db, connectionId, page.map(neighbourQuery))
      for (const { record } of page) {
        for (const version of versions) {
          const of = { record, neighbours: neighbours.get(refKey(record))!, directory, version, nowMs }
          counts.add(departureOutcome(version.policy.workflow, decide(of)))
        }
      }
      decided += page.length
      after = page.length < limit ? null : page.at(-1)!.record.recordId
    }
  }
  return { decided, outcomes: counts.list() }
}
