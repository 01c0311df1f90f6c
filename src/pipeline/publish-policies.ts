import { fieldsNeeded } from '../model/policy/fields.ts'
import type { Policy, PolicyVersion } from '../model/policy/policy.ts'
import { readiness } from '../model/policy/readiness.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import { watchedObjects } from '../model/record/object-shape.ts'
import { listConnections, resyncObjects } from '../store/connections.ts'
import type { Database, DatabaseTransaction } from '../store/database.ts'
import { askToDecideAgain } from '../store/decide-again.ts'
import { listUsers } from '../store/people.ts'
import { putInForce, refusePolicy, retireWorkflows, storePolicyVersion, workflowOfFile } from '../store/policies.ts'
import { noteFieldsAsked } from '../store/schemas.ts'
import { inTransaction } from '../store/transaction.ts'
import { buildDirectory } from './directory.ts'

export type PolicyFiles = {
  readonly loaded: readonly { readonly file: string; readonly source: string; readonly version: PolicyVersion }[]
  readonly refused: readonly {
    readonly file: string
    readonly workflow: string | null
    readonly errors: readonly unknown[]
  }[]
}

/**
 * Puts the policies of the configuration in force, each as far as readiness allows, and has the records that they watch
 * decided again where that changes what runs. Runs at start and whenever people or connections change.
 */
export async function publishPolicies(db: Database, files: PolicyFiles): Promise<{ readonly changed: string[] }> {
  const directory = buildDirectory(await listUsers(db), new Map())
  const connectionIds: Record<Crm, ConnectionId[]> = { hubspot: [], salesforce: [] }
  for (const { id, crm, status } of await listConnections(db)) {
    // One that needs a person comes back; one that was ended does not watch anything.
    if (status !== 'disconnected') connectionIds[crm].push(id)
  }
  const decideAgain = async (trx: DatabaseTransaction, { objects }: Pick<Policy, 'objects'>) => {
    const crms = [...new Set(objects.map(({ crm }) => crm))].sort()
    for (const id of crms.flatMap((crm) => connectionIds[crm])) await askToDecideAgain(trx, id)
  }
  // Before any of it is in force: no decision may take a field that was never read for a blank one.
  if (files.loaded.length > 0) await askForFields(db, connectionIds, policiesOf(files))
  const changed: string[] = []
  for (const { file, source, version } of files.loaded) {
    const { policy } = version
    const { effectiveMode, problems } = readiness(version, directory, connectionIds)
    // In one commit: a policy in force whose records nobody decides again would leave the old one's cases standing.
    const isNew = await inTransaction(db, async (trx) => {
      await storePolicyVersion(trx, version, source)
      const { workflow, title, mode } = policy
      const inForce = { workflow, title, file, hash: version.hash, mode, effectiveMode, problems }
      if (!(await putInForce(trx, inForce))) return false
      await decideAgain(trx, policy)
      return true
    })
    if (isNew) changed.push(policy.workflow)
  }
  const refused: string[] = []
  let isAnyUnknown = false
  for (const { file, workflow: named, errors } of files.refused) {
    // A file that does not even say which workflow it is still has to be seen: its name stands in.
    const known = named ?? (await workflowOfFile(db, file))
    if (known === null) isAnyUnknown = true
    const workflow = known ?? file
    refused.push(workflow)
    await refusePolicy(db, { workflow, file, errors })
  }
  // A file whose workflow nobody knows may be any that is missing: nothing is retired until it can be read. And no file
  // at all is a directory that is not mounted rather than the wish to close every case.
  const isAnything = files.loaded.length + files.refused.length > 0
  if (isAnything && !isAnyUnknown) {
    await inTransaction(db, async (trx) => {
      const present = [...files.loaded.map(({ version }) => version.policy.workflow), ...refused]
      for (const policy of await retireWorkflows(trx, present)) {
        await decideAgain(trx, policy)
        changed.push(policy.workflow)
      }
    })
  }
  return { changed }
}

/** What is known of an object without a field that a policy needs now is read again with it, from the start. */
async function askForFields(
  db: Database,
  connectionIds: Readonly<Record<Crm, readonly ConnectionId[]>>,
  policies: readonly Policy[],
): Promise<void> {
  for (const crm of ['hubspot', 'salesforce'] as const) {
    for (const id of connectionIds[crm]) {
      for (const objectType of watchedObjects(crm)) {
        const { fields } = fieldsNeeded(policies, crm, objectType)
        await inTransaction(db, async (trx) => {
          if (await noteFieldsAsked(trx, id, objectType, fields)) await resyncObjects(trx, id, [objectType])
        })
      }
    }
  }
}

export function policiesOf(files: PolicyFiles): Policy[] {
  return files.loaded.map(({ version }) => version.policy)
}
