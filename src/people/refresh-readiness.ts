import { isDeepStrictEqual } from 'node:util'
import { readiness } from '../model/authority/readiness.ts'
import type { ReadinessProblem, StaffedConnection } from '../model/authority/readiness-problem.ts'
import { buildDirectory } from '../model/people/directory.ts'
import { absencesOf as namedAbsences, type Staff, type StaffQuestion, staffFromJobs } from '../model/people/staff.ts'
import type { Policy, PolicyOwners } from '../model/policy/policy.ts'
import { isKnownCrm } from '../model/record/crm-profile.ts'
import type { Directory } from '../model/record/crm-user.ts'
import { type ConnectionRow, listConnections } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { lookAtInputs } from '../store/decisions/held-records.ts'
import { listUsers } from '../store/decisions/people.ts'
import { policyOf, problemsOf, rowsInForce, setReadiness } from '../store/decisions/policies.ts'
import { queueRedecision, queueRedecisionEverywhere } from '../store/decisions/redecide-queue.ts'
import { isReadinessOther, lockPermits, setReadinessIn } from '../store/decisions/workflow-connections.ts'
import { absencesOf } from '../store/people/absences.ts'
import { refreshLaneHolders, staleLaneHolders } from '../store/people/lane-holders.ts'
import { confirmedLinks, type StaffRow, saveStaff, staffPeople, staffRows } from '../store/people/staff-rows.ts'
import { queueMarks } from '../store/records/mark-queue.ts'

/**
 * One process at a time computes readiness, from what is committed when its turn comes. Otherwise a slow process could
 * overwrite a newer result with an older view of the people, which would stand until the next change. Whatever changes a
 * job takes it first, before any permit.
 */
export const READINESS_LOCK = 'readiness'

/** What stands besides the policies: people as the CRMs have them, and where workflows may run. */
export type Standing = {
  readonly directory: Directory
  readonly connections: readonly StaffedConnection[]
  readonly nowMs: number
}

/**
 * M39, M40: works out again who holds which job and lane, and how far each workflow in force may run, after people, jobs or
 * connections changed. Whoever of `workflow`, or of all, is another than before has its open cases decided again.
 */
export async function refreshReadinessIn(
  trx: DatabaseTransaction,
  workflow: string | null,
): Promise<{ readonly changed: string[] }> {
  await stageLock(trx, READINESS_LOCK)
  const standing = await whatStands(trx)
  const staffs = await newStaffs(trx, workflow)
  const rows = (await rowsInForce(trx)).filter(({ document }) => workflow === null || document.workflow === workflow)
  const reached = rows.map((row) => {
    const other = staffs.get(row.document.workflow)
    const policy = policyOf(other === undefined ? row : { ...row, staff: other.staff })
    const before = row.problems as readonly Partial<ReadinessProblem>[]
    const history = { nowMs: standing.nowMs, before }
    const found = readiness({ hash: row.hash, policy }, standing.directory, standing.connections, history)
    return { workflow: policy.workflow, policy, ...found }
  })
  const stale = (await staleLaneHolders(trx)).filter((one) => workflow === null || one === workflow)
  // Asked at every poll, and nearly always all is as it was: then no gate has to wait for us.
  if (staffs.size === 0 && stale.length === 0 && !(await isReadinessOther(trx, reached))) return { changed: [] }
  await lockPermits(trx, { connections: null, workflows: workflow === null ? null : [workflow] })
  for (const one of stale) await refreshLaneHolders(trx, one)
  await saveStaffs(trx, staffs)
  const changed: string[] = []
  for (const { workflow: name, policy, effectiveMode, problems, byConnection } of reached) {
    const moved = await setReadinessIn(trx, name, byConnection)
    const isOther = await setReadiness(trx, name, { effectiveMode, problems })
    for (const id of moved) await queueRedecision(trx, id)
    if (staffs.has(name)) await queueCasesOf(trx, policy, standing.connections)
    if (isOther || moved.length > 0 || staffs.has(name)) changed.push(name)
  }
  return { changed }
}

/** The staff of a workflow that is about to be put in force with these owners in its file. */
export async function staffAtPublish(
  trx: DatabaseTransaction,
  workflow: string,
  owners: PolicyOwners,
): Promise<{
  readonly staff: Staff | null
  /** Somebody is in another place than until now. */
  readonly isOther: boolean
  /** What readiness found last. Null: the workflow was not in force. */
  readonly problems: readonly Partial<ReadinessProblem>[] | null
}> {
  const [row] = await staffRows(trx, workflow)
  if (row === undefined) return { staff: null, isOther: false, problems: null }
  const staff = staffOf({ ...row, file: owners }, await readEverybody(trx))
  const ownersOf = (of: Staff | null, file: PolicyOwners | null) => of?.owners ?? file
  const isOther =
    !isDeepStrictEqual(staff, row.staff) || !isDeepStrictEqual(ownersOf(row.staff, row.file), ownersOf(staff, owners))
  return { staff, isOther, problems: await problemsOf(trx, workflow) }
}

/** By workflow, where it is another than what is kept. */
async function newStaffs(
  trx: DatabaseTransaction,
  workflow: string | null,
): Promise<ReadonlyMap<string, { readonly staff: Staff | null; readonly before: Staff | null }>> {
  const rows = await staffRows(trx, workflow)
  const everybody = await readEverybody(trx)
  const other = rows.flatMap((row) => {
    const staff = staffOf(row, everybody)
    return isDeepStrictEqual(staff, row.staff) ? [] : [[row.workflow, { staff, before: row.staff }] as const]
  })
  return new Map(other)
}

type Everybody = Pick<StaffQuestion, 'people' | 'persons' | 'absences'>

async function readEverybody(trx: DatabaseTransaction): Promise<Everybody> {
  const [people, persons] = [await staffPeople(trx), await confirmedLinks(trx)]
  return { people, persons, absences: await absencesOf(trx) }
}

/** Null: as the file names them, and nobody has linked or entered anything. */
function staffOf({ file, jobs, goesByFile, hasNoJobs, staff }: StaffRow, everybody: Everybody): Staff | null {
  if (file === null) return staff
  if (!hasNoJobs || !goesByFile) return staffFromJobs({ ...everybody, jobs, file, goesByFile })
  const { persons, absences, people } = everybody
  const away = namedAbsences(absences, people)
  return persons.length + away.length === 0 ? null : { owners: file, persons, away }
}

async function saveStaffs(
  trx: DatabaseTransaction,
  staffs: ReadonlyMap<string, { readonly staff: Staff | null; readonly before: Staff | null }>,
): Promise<void> {
  let areLinksOther = false
  for (const [workflow, { staff, before }] of staffs) {
    await saveStaff(trx, workflow, staff)
    areLinksOther ||= !isDeepStrictEqual(staff?.persons ?? [], before?.persons ?? [])
  }
  // Whose records have one owner in both CRMs is asked by every pattern.
  if (areLinksOther) await queueRedecisionEverywhere(trx)
}

type Connection = Pick<StaffedConnection, 'id' | 'crm'>

/** Has the records with open cases of the workflow decided again, wherever it watches: who gets them may be another. */
export async function queueCasesOf(
  trx: DatabaseTransaction,
  { workflow, objects }: Pick<Policy, 'workflow' | 'objects'>,
  connections: readonly Connection[],
): Promise<void> {
  for (const id of idsWatched(objects, connections)) await queueMarks(trx, id, 'case-workflow', [workflow])
  await lookAtInputs(trx)
}

/** Has every record decided again wherever the workflow watches. Returns the connections whose records those are. */
export async function redecideAll(
  trx: DatabaseTransaction,
  { objects }: Pick<Policy, 'objects'>,
  connections: readonly Connection[],
): Promise<string[]> {
  const ids = idsWatched(objects, connections)
  for (const id of ids) await queueRedecision(trx, id)
  return ids
}

/** Always in the same order, because each takes a row. */
function idsWatched(objects: Policy['objects'], connections: readonly Connection[]): string[] {
  return connections.flatMap(({ id, crm }) => (objects.some((object) => object.crm === crm) ? [id] : [])).sort()
}

export async function whatStands(trx: DatabaseTransaction): Promise<Standing> {
  const users = await listUsers(trx)
  const staffed = new Set(users.map(({ connectionId }) => connectionId))
  const connections = (await watchingConnections(trx)).map(({ id, crm, title }) => ({
    id,
    crm,
    title,
    arePeopleRead: staffed.has(id),
  }))
  return { directory: buildDirectory(users, new Map()), connections, nowMs: await databaseNowMs(trx) }
}

/**
 * One that needs a reconnect counts, because it comes back. One that was disconnected watches nothing, and neither does
 * one of a CRM without an adapter here: it must not keep the others from starting.
 */
export async function watchingConnections(db: Database | DatabaseTransaction): Promise<ConnectionRow[]> {
  return (await listConnections(db)).filter(({ crm, status }) => status !== 'disconnected' && isKnownCrm(crm))
}
