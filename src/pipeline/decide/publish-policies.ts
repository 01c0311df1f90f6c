import { isDeepStrictEqual } from 'node:util'
import { buildDirectory } from '../../model/people/directory.ts'
import { readiness } from '../../model/people/readiness.ts'
import { fieldsNeeded } from '../../model/policy/fields.ts'
import type { Policy, PolicyVersion } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { Directory } from '../../model/record/crm-user.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import { listConnections, resyncObjects } from '../../store/connections/connections.ts'
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

export type PolicyFiles = {
  readonly loaded: readonly { readonly file: string; readonly source: string; readonly version: PolicyVersion }[]
  readonly refused: readonly {
    readonly file: string
    readonly workflow: string | null
    readonly errors: readonly unknown[]
  }[]
}

/**
 * Readiness is worked out by one process at a time, from what is committed when its turn comes: written by whoever read
 * first and finished last, an older view of the people would stand until somebody changes again.
 */
const READINESS_LOCK = 'readiness'

/**
 * Puts the policies of the configuration in force, each as far as readiness allows, and has the records that they watch
 * decided again where that changes what runs. Runs at start; `refreshReadiness` keeps it true after that.
 */
export async function publishPolicies(db: Database, files: PolicyFiles): Promise<{ readonly changed: string[] }> {
  // Before any of it is in force: no decision may take a field that was never read for a blank one.
  await askForFields(db, policiesOf(files))
  // In one commit: a policy in force whose records nobody decides again would leave the old one's cases standing.
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
      // A file that does not even say which workflow it is still has to be seen: its name stands in.
      const known = named ?? (await workflowOfFile(trx, file))
      if (known === null) isAnyUnknown = true
      const workflow = known ?? file
      refused.push(workflow)
      await refusePolicy(trx, { workflow, file, errors })
    }
    // A file whose workflow nobody knows may be any that is missing: nothing is retired until it can be read. And no file
    // at all is a directory that is not mounted rather than the wish to close every case.
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
 * M39, M40: works out anew how far each workflow in force may run, after people or connections may have changed. Reads
 * the policies from where decisions read them, so that a process with older files does not put those in force again.
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

/** One that needs a person comes back; one that was ended does not watch anything. */
async function watchingConnections(db: Database): Promise<ConnectionIds> {
  const watching = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
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

/** What is known of an object without a field that a policy needs now is read again with it, from the start. */
async function askForFields(db: Database, policies: readonly Policy[]): Promise<void> {
  // No policy at all needs nothing, and forgetting what was asked for would have everything read again with the next one.
  if (policies.length === 0) return
  const connectionIds = await watchingConnections(db)
  const asked = await fieldsAsked(db)
  for (const [crm, ids] of connectionIds) {
    for (const id of ids) {
      for (const objectType of watchedObjects(crm)) {
        const needed = fieldsNeeded(policies, crm, objectType)
        // Nearly always: this is asked with every poll.
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
