import { type DescribedObject, fitPolicy } from '../../model/policy/fit.ts'
import type { Mode, PolicyVersion } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { readPolicy, type VersionRunning, workflowsInForce } from '../../store/decisions/policies.ts'
import { describedObjects, schemaSignature } from '../../store/records/described-objects.ts'

export type RunningWorkflow = {
  /** The stored policy with the mode that readiness allows; its hash is that of the policy as written. */
  readonly version: PolicyVersion
  /** Of the policy as this code reads it: records agree with it or not, see `hold-backlog.ts`. */
  readonly versionId: number
  /** Of the version in force, see `VersionRunning`. */
  readonly versionTurn: number
  /** The last publication that was in force with it, which decisions cite. */
  readonly sequence: number
  readonly effectiveMode: Mode
  /**
   * M40: the policy asks for more than readiness allows. No record is written, but every case still becomes a task: a
   * workflow whose owner left must not go silent.
   */
  readonly fellBack: boolean
}

/** Which workflows run, as far as they do in that connection; without one, as far as they do in any. */
export type WorkflowReader = (connectionId?: ConnectionId) => Promise<RunningWorkflow[]>

/** The same version in the same mode with the same people gives the same object, so that the model compiles it once. */
export function createWorkflowReader(db: Database): WorkflowReader {
  const known = new Map<string, RunningWorkflow>()
  const fit = createFitter(db)
  return async (connectionId) => {
    const inForce = await workflowsInForce(db, connectionId)
    const versions = new Set(inForce.map(staffed))
    for (const key of known.keys()) if (!versions.has(key.slice(0, key.lastIndexOf('/')))) known.delete(key)
    const running: RunningWorkflow[] = []
    for (const one of inForce) {
      const key = `${staffed(one)}/${one.effectiveMode}`
      const made = known.get(key) ?? (await readRunning(db, one))
      known.set(key, made)
      running.push(made)
    }
    return connectionId === undefined ? running : fit(connectionId, running)
  }
}

/** A version as its people, marks and mode are now. */
function staffed({ workflow, versionTurn, sequence, hash, jobsRevision, modeRevision }: VersionRunning): string {
  return `${workflow}/${versionTurn}/${sequence}/${hash}/${jobsRevision}/${modeRevision}`
}

type Fitted = { readonly signature: string; readonly crm: Crm; readonly objects: readonly DescribedObject[] }

/**
 * What a policy asks that the connection's own schema contradicts is unknown there. The same workflow under the same schema
 * gives the same object, so that the model compiles it once.
 */
function createFitter(db: Database) {
  const schemas = new Map<ConnectionId, Fitted>()
  const fitted = new WeakMap<RunningWorkflow, Map<ConnectionId, { of: Fitted; made: RunningWorkflow }>>()
  return async (connectionId: ConnectionId, running: readonly RunningWorkflow[]): Promise<RunningWorkflow[]> => {
    const signature = await schemaSignature(db, connectionId)
    let of = schemas.get(connectionId)
    if (of?.signature !== signature) {
      of = { signature, ...(await describedObjects(db, connectionId)) }
      schemas.set(connectionId, of)
    }
    const { crm, objects } = of
    return running.map((workflow) => {
      const byConnection = fitted.get(workflow) ?? new Map()
      fitted.set(workflow, byConnection)
      const known = byConnection.get(connectionId)
      if (known?.of === of) return known.made
      const policy = fitPolicy(workflow.version.policy, crm, objects)
      const isAsItWas = policy === workflow.version.policy
      const made = isAsItWas ? workflow : { ...workflow, version: { ...workflow.version, policy } }
      byConnection.set(connectionId, { of, made })
      return made
    })
  }
}

async function readRunning(db: Database, running: VersionRunning): Promise<RunningWorkflow> {
  const { hash, versionId, versionTurn, sequence, effectiveMode } = running
  const policy = await readPolicy(db, running)
  const fellBack = effectiveMode === 'observe' && (policy.mode === 'live' || policy.mode === 'pilot')
  const version = { hash, policy: { ...policy, mode: effectiveMode } }
  return { version, versionId, versionTurn, sequence, effectiveMode, fellBack }
}

export function watchesCrm({ version }: RunningWorkflow, crm: Crm): boolean {
  return version.policy.objects.some((watched) => watched.crm === crm)
}

export function workflowsFor(running: readonly RunningWorkflow[], crm: Crm, objectType: string): RunningWorkflow[] {
  return running.filter(({ version }) => version.policy.objects.some((o) => o.crm === crm && o.object === objectType))
}

/** The same workflow gives the same object, so that the model compiles it once. */
const observed = new WeakMap<RunningWorkflow, RunningWorkflow>()

/** How workflows run on a read-only connection: they decide, and write neither records nor tasks. */
export function readingOnly(workflows: readonly RunningWorkflow[]): RunningWorkflow[] {
  return workflows.map((workflow) => {
    const known = observed.get(workflow)
    if (known) return known
    const { version, versionId, versionTurn, sequence } = workflow
    const { hash, policy } = version
    const made: RunningWorkflow = {
      version: { hash, policy: { ...policy, mode: 'observe' } },
      versionId,
      versionTurn,
      sequence,
      effectiveMode: 'observe',
      fellBack: false,
    }
    observed.set(workflow, made)
    return made
  })
}
