import type { Policy, PolicyVersion } from '../model/policy/policy.ts'
import { readiness } from '../model/policy/readiness.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import { listConnections } from '../store/connections.ts'
import type { Database } from '../store/database.ts'
import { listUsers } from '../store/people.ts'
import { putInForce, refusePolicy, retireWorkflows, storePolicyVersion } from '../store/policies.ts'
import { markAllDirty } from '../store/records.ts'
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
  for (const connection of await listConnections(db)) connectionIds[connection.crm].push(connection.id)
  const changed: string[] = []
  for (const { source, version } of files.loaded) {
    const { policy, hash } = version
    await storePolicyVersion(db, version, source)
    const { effectiveMode, problems } = readiness(version, directory, connectionIds)
    const isNew = await putInForce(db, {
      workflow: policy.workflow,
      title: policy.title,
      hash,
      mode: policy.mode,
      effectiveMode,
      problems,
    })
    if (!isNew) continue
    changed.push(policy.workflow)
    await markAllDirty(db, policy.objects)
  }
  for (const { file, workflow, errors } of files.refused) {
    // A file that does not even say which workflow it is still has to be seen: its name stands in.
    await refusePolicy(db, { workflow: workflow ?? file, file, errors })
  }
  await retireWorkflows(db, [
    ...files.loaded.map(({ version }) => version.policy.workflow),
    ...files.refused.map(({ workflow, file }) => workflow ?? file),
  ])
  return { changed }
}

export function policiesOf(files: PolicyFiles): Policy[] {
  return files.loaded.map(({ version }) => version.policy)
}
