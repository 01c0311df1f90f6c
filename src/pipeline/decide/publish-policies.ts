import { isDeepStrictEqual } from 'node:util'
import { readiness } from '../../model/authority/readiness.ts'
import { READING_VERSION } from '../../model/decision/reading-version.ts'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import { type Policy, type PolicyVersion, policyContent } from '../../model/policy/policy.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import {
  queueCasesOf,
  READINESS_LOCK,
  redecideAll,
  refreshReadinessIn,
  type Standing,
  staffAtPublish,
  watchingConnections,
  whatStands,
} from '../../people/refresh-readiness.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { modeAtPublish } from '../../store/decisions/mode-changes.ts'
import {
  policiesInForce,
  policyOf,
  putInForce,
  refusePolicy,
  retireWorkflows,
  type StoredVersion,
  storePolicyVersion,
  versionInForce,
  workflowOfFile,
} from '../../store/decisions/policies.ts'
import { queueRedecision } from '../../store/decisions/redecide-queue.ts'
import { lockPermits, setReadinessIn } from '../../store/decisions/workflow-connections.ts'
import { saveStaff } from '../../store/people/staff-rows.ts'
import { policiesBeingPrepared } from '../../store/publishing/drafts.ts'
import { queueMatchKeys } from '../../store/records/match-key-versions.ts'
import { fieldsAsked, noteFieldsAsked } from '../../store/records/object-schemas.ts'
import { resyncObjects } from '../../store/records/watermarks.ts'
import { notePolicyChange, noteUpgrade, type VersionBefore, versionBefore } from '../../store/upgrades/upgrades.ts'

export type PolicyFiles = {
  readonly loaded: readonly { readonly file: string; readonly source: string; readonly version: PolicyVersion }[]
  readonly refused: readonly {
    readonly file: string
    readonly workflow: string | null
    readonly errors: readonly unknown[]
  }[]
  /**
   * Reads again a version that was in force, whose file was refused: null where this Lanekeeper would refuse it, too. Left
   * out: versions are taken as they are stored.
   */
  readonly reload?: (stored: StoredVersion) => PolicyVersion | null
  /** observe: a workflow that was never in force only observes, whatever its version says. */
  readonly atFirst?: 'as-written' | 'observe'
}

/**
 * Puts the policies of the configuration in force, each as far as readiness allows in each connection. Where that changes
 * what runs, be it the policy or our own code that reads it, the records that the policy watches are decided again. Runs at
 * start; `refreshReadiness` keeps it current. `alongside` is done in the same transaction, at its end.
 */
export async function publishPolicies(
  db: Database,
  files: PolicyFiles,
  readingVersion: string = READING_VERSION,
  alongside: (trx: DatabaseTransaction) => Promise<void> = async () => undefined,
): Promise<{ readonly changed: string[] }> {
  // Before any policy is in force: no decision may take a field that was never read for a blank one.
  await askForFields(db, [...policiesOf(files), ...(await keptPolicies(db, files))])
  // In one commit: with a new policy in force and its records not decided again, the old policy's cases would stay open.
  return inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    // Of a workflow that is new nobody else has a permit yet, so those that are known are all.
    await lockPermits(trx, { connections: null, workflows: null })
    const standing = await whatStands(trx)
    const changed: string[] = []
    const { atFirst = 'as-written' } = files
    for (const { file, source, version } of files.loaded) {
      const published = { file, source, version, readingVersion, refused: null, atFirst }
      if (await publish(trx, published, standing)) changed.push(version.policy.workflow)
    }
    const refused: string[] = []
    let isAnyUnknown = false
    for (const { file, workflow: named, errors } of files.refused) {
      const known = named ?? (await workflowOfFile(trx, file))
      if (known === null) isAnyUnknown = true
      // An unreadable file without a workflow name must still show up, so its file name stands in.
      const workflow = known ?? file
      refused.push(workflow)
      const kept = await keptVersion(trx, files, workflow)
      if (kept === null) await refusePolicy(trx, { workflow, file, errors })
      else if (await publish(trx, { file, ...kept, readingVersion, refused: errors, atFirst }, standing))
        changed.push(workflow)
    }
    // An unreadable file may be any workflow that is missing, so nothing is retired until it can be read. And a directory
    // without files is one that is not mounted, rather than a wish to close every case.
    const isAnything = files.loaded.length + files.refused.length > 0
    if (isAnything && !isAnyUnknown) {
      const present = [...files.loaded.map(({ version }) => version.policy.workflow), ...refused]
      changed.push(...(await retireAllBut(trx, present, standing)))
    }
    // By the readings of what is in force from here on.
    await queueMatchKeys(trx, readingVersion)
    await alongside(trx)
    return { changed }
  })
}

/** Whatever else runs ends, and its records are decided again, which closes its cases. Returns the workflows that ended. */
export async function retireAllBut(
  trx: DatabaseTransaction,
  present: readonly string[],
  given?: Standing,
): Promise<string[]> {
  const standing = given ?? (await whatStands(trx))
  const retired = await retireWorkflows(trx, present)
  for (const policy of retired) await redecideAll(trx, policy, standing.connections)
  return retired.map(({ workflow }) => workflow)
}

type Published = StoredVersion & {
  readonly file: string
  readonly readingVersion: string
  readonly refused: readonly unknown[] | null
  readonly atFirst: 'as-written' | 'observe'
}

/** Puts one version in force. Returns true when that changes what runs; its records are decided again then. */
async function publish(trx: DatabaseTransaction, published: Published, standing: Standing): Promise<boolean> {
  const { file, source, version, readingVersion, refused, atFirst } = published
  const { workflow, title, owners } = version.policy
  const { hash } = version
  await storePolicyVersion(trx, version, source)
  const staffing = await staffAtPublish(trx, workflow, owners)
  const modeSet = await modeAtPublish(trx, workflow, version.policy, atFirst)
  const document = policyContent(version.policy)
  // Readiness asks for people and the mode, never for marks.
  const policy = policyOf({ document, staff: staffing.staff, fileOwners: owners, marks: null, modeSet })
  const history = { nowMs: standing.nowMs, before: staffing.problems }
  const reached = readiness({ hash, policy }, standing.directory, standing.connections, history)
  const { effectiveMode, problems, byConnection } = reached
  const moved = await setReadinessIn(trx, workflow, byConnection)
  const { mode } = policy
  const inForce = { workflow, title, file, hash, readingVersion, mode, effectiveMode, problems, owners, refused }
  const before = await versionBefore(trx, workflow)
  const isOther = await putInForce(trx, inForce)
  if (staffing.isOther) await saveStaff(trx, workflow, staffing.staff)
  if (isOther)
    await noteWhatIsOther(trx, before, published, await redecideAll(trx, version.policy, standing.connections))
  else for (const id of moved) await queueRedecision(trx, id)
  // A version does not say who holds its jobs, so other people are no other version.
  if (staffing.isOther && !isOther) await queueCasesOf(trx, policy, standing.connections)
  return isOther || staffing.isOther || moved.length > 0
}

/** Whether our own code reads in another way, whose effects are reported, or the policy alone is another one. */
async function noteWhatIsOther(
  trx: DatabaseTransaction,
  before: VersionBefore | null,
  { version: { policy, hash }, source, readingVersion: to }: Published,
  connectionIds: readonly string[],
): Promise<void> {
  if (before === null) return
  const { workflow } = policy
  // The same file may have another hash because we read it in another way.
  const policyChanged = before.hash !== hash && before.source !== source
  const from = before.readingVersion
  if (from !== to) await noteUpgrade(trx, { workflow, connectionIds, from, to, policyChanged })
  else if (policyChanged) await notePolicyChange(trx, workflow)
}

/** The last good version of a workflow whose file was refused. Null: there is none that can run. */
async function keptVersion(db: Database, { reload }: PolicyFiles, workflow: string): Promise<StoredVersion | null> {
  const stored = await versionInForce(db, workflow)
  if (stored === null || reload === undefined) return stored
  const version = reload(stored)
  return version === null || version.policy.workflow !== workflow ? null : { version, source: stored.source }
}

async function keptPolicies(db: Database, files: PolicyFiles): Promise<Policy[]> {
  const kept: Policy[] = []
  for (const { file, workflow } of files.refused) {
    const version = await keptVersion(db, files, workflow ?? (await workflowOfFile(db, file)) ?? file)
    if (version !== null) kept.push(version.version.policy)
  }
  return kept
}

/**
 * M39, M40: computes again how far each workflow in force may run, after people or connections changed. Reads the policies
 * from the database, as decisions do, so that a process with older files does not put those in force again.
 */
export async function refreshReadiness(db: Database): Promise<{ readonly changed: string[] }> {
  await askForFields(
    db,
    (await policiesInForce(db)).map(({ policy }) => policy),
  )
  return inTransaction(db, (trx) => refreshReadinessIn(trx, null))
}

/** Has an object read again from the start where a policy needs a field that was not read so far. */
export async function askForFields(db: Database, policies: readonly Policy[]): Promise<void> {
  // What a version that is being prepared needs is read before it is in force, and not forgotten meanwhile.
  const wanted = [...policies, ...(await policiesBeingPrepared(db))]
  // Without any policy nothing is needed, and forgetting the fields would have everything read again with the next one.
  if (wanted.length === 0) return
  const connections = await watchingConnections(db)
  const asked = await fieldsAsked(db)
  for (const { id, crm } of connections) {
    for (const objectType of watchedObjects(crm)) {
      const needed = fieldsNeeded(wanted, crm, objectType)
      // Nearly always, as every poll comes here.
      if (isDeepStrictEqual(asked.get(`${id}/${objectType}`), [...needed.fields, ...needed.ours])) continue
      await inTransaction(db, async (trx) => {
        if (await noteFieldsAsked(trx, id, objectType, needed)) await resyncObjects(trx, id, [objectType])
      })
    }
  }
}

export function policiesOf(files: PolicyFiles): Policy[] {
  return files.loaded.map(({ version }) => version.policy)
}
