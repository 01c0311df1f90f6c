import { isDeepStrictEqual } from 'node:util'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { readiness } from '../../model/people/readiness.ts'
import type { Policy, PolicyVersion } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import type { Directory } from '../../model/record/crm-user.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import { listConnections } from '../../store/connections/connections.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { listUsers } from '../../store/decisions/people.ts'
import {
  policiesInForce,
  putInForce,
  refusePolicy,
  retireWorkflows,
  setReadiness,
  storePolicyVersion,
  workflowOfFile,
} from '../../store/decisions/policies.ts'
import { fieldsAsked, noteFieldsAsked } from '../../store/records/object-schemas.ts'
import { queueRedecision } from '../../store/records/redecide-queue.ts'
import { resyncObjects } from '../../store/records/watermarks.ts'

export type PolicyFiles = {
  readonly loaded: readonly { readonly file: string; readonly source: string; readonly version: PolicyVersion }[]
  readonly refused: readonly {
    readonly file: string
    readonly workflow: string | null
    readonly errors: readonly unknown[]
  }[]
}

/**
 * One process at a time computes readiness, from what is committed when its turn comes. Otherwise a slow process could
 * overwrite a newer result with an older view of the people, which would stand until the next change.
 */
const READINESS_LOCK = 'readiness'

/**
 * Puts the policies of the configuration in force, each as far as readiness allows. Where that changes what runs, the
 * records that the policy watches are decided again. Runs at start; `refreshReadiness` keeps it current.
 */
export async function publishPolicies(db: Database, files: PolicyFiles): Promise<{ readonly changed: string[] }> {
  // Before any policy is in force: no decision may take a field that was never read for a blank one.
  await askForFields(db, policiesOf(files))
  // In one commit: with a new policy in force and its records not decided again, the old policy's cases would stay open.
  return inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    const standing = await whatStands(trx)
    const changed: string[] = []
    for (const { file, source, version } of files.loaded) {
      const { policy } = version
      await storePolicyVersion(trx, version, source)
      const { workflow, title, mode } = policy
      const { effectiveMode, problems } = readiness(version, standing.directory, standing.connectionIds)
      const inForce = { workflow, title, file, hash: version.hash, mode, effectiveMode, problems }
      if (!(await putInForce(trx, inForce))) continue
      await redecideQueue(trx, policy, standing)
      changed.push(workflow)
    }
    const refused: string[] = []
    let isAnyUnknown = false
    for (const { file, workflow: named, errors } of files.refused) {
      // An unreadable file without a workflow name must still show up, so its file name stands in.
      const known = named ?? (await workflowOfFile(trx, file))
      if (known === null) isAnyUnknown = true
      const workflow = known ?? file
      refused.push(workflow)
      await refusePolicy(trx, { workflow, file, errors })
    }
    // An unreadable file may be any workflow that is missing, so nothing is retired until it can be read. And a directory
    // without files is one that is not mounted, rather than a wish to close every case.
    const isAnything = files.loaded.length + files.refused.length > 0
    if (isAnything && !isAnyUnknown) {
      const present = [...files.loaded.map(({ version }) => version.policy.workflow), ...refused]
      for (const policy of await retireWorkflows(trx, present)) {
        await redecideQueue(trx, policy, standing)
        changed.push(policy.workflow)
      }
    }
    return { changed }
  })
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
  return inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    const standing = await whatStands(trx)
    const changed: string[] = []
    for (const version of await policiesInForce(trx)) {
      const { effectiveMode, problems } = readiness(version, standing.directory, standing.connectionIds)
      if (!(await setReadiness(trx, version.policy.workflow, { effectiveMode, problems }))) continue
      await redecideQueue(trx, version.policy, standing)
      changed.push(version.policy.workflow)
    }
    return { changed }
  })
}

type ConnectionIds = ReadonlyMap<Crm, readonly ConnectionId[]>
type Standing = { readonly directory: Directory; readonly connectionIds: ConnectionIds }

async function whatStands(trx: DatabaseTransaction): Promise<Standing> {
  return { directory: buildDirectory(await listUsers(trx), new Map()), connectionIds: await watchingConnections(trx) }
}

/**
 * One that needs a reconnect counts, because it comes back. One that was disconnected watches nothing, and neither does
 * one of a CRM without an adapter here: it must not keep the others from starting.
 */
async function watchingConnections(db: Database): Promise<ConnectionIds> {
  const watching = (await listConnections(db)).filter(({ crm, status }) => status !== 'disconnected' && isKnownCrm(crm))
  return new Map([...Map.groupBy(watching, ({ crm }) => crm)].map(([crm, rows]) => [crm, rows.map(({ id }) => id)]))
}

async function redecideQueue(
  trx: DatabaseTransaction,
  { objects }: Pick<Policy, 'objects'>,
  { connectionIds }: Standing,
): Promise<void> {
  const crms = [...new Set(objects.map(({ crm }) => crm))].sort()
  for (const id of crms.flatMap((crm) => connectionIds.get(crm) ?? [])) await queueRedecision(trx, id)
}

/** Has an object read again from the start where a policy needs a field that was not read so far. */
async function askForFields(db: Database, policies: readonly Policy[]): Promise<void> {
  // Without any policy nothing is needed, and forgetting the fields would have everything read again with the next one.
  if (policies.length === 0) return
  const connectionIds = await watchingConnections(db)
  const asked = await fieldsAsked(db)
  for (const [crm, ids] of connectionIds) {
    for (const id of ids) {
      for (const objectType of watchedObjects(crm)) {
        const needed = fieldsNeeded(policies, crm, objectType)
        // Nearly always, as every poll comes here.
        if (isDeepStrictEqual(asked.get(`${id}/${objectType}`), [...needed.fields, ...needed.ours])) continue
        await inTransaction(db, async (trx) => {
          if (await noteFieldsAsked(trx, id, objectType, needed)) await resyncObjects(trx, id, [objectType])
        })
      }
    }
  }
}

export function policiesOf(files: PolicyFiles): Policy[] {
  return files.loaded.map(({ version }) => version.policy)
}
