import type { Mode, PolicyVersion } from '../../model/policy/policy.ts'
import type { Crm } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { readPolicy, workflowsInForce } from '../../store/decisions/policies.ts'

export type RunningWorkflow = {
  /** The stored policy with the mode that readiness allows; its hash is that of the policy as written. */
  readonly version: PolicyVersion
  readonly effectiveMode: Mode
  /**
   * M40: the policy asks for more than readiness allows. No record is written, but every case still becomes a task: a
   * workflow whose owner left must not go silent.
   */
  readonly fellBack: boolean
}

/** Reads which workflows run. The same version gives the same object, so that the model compiles it once. */
export function createWorkflowReader(db: Database): () => Promise<RunningWorkflow[]> {
  let known = new Map<string, RunningWorkflow>()
  return async () => {
    const inForce = await workflowsInForce(db)
    const next = new Map<string, RunningWorkflow>()
    for (const { hash, effectiveMode } of inForce) {
      const key = `${hash}/${effectiveMode}`
      const running = known.get(key)
      if (running) {
        next.set(key, running)
        continue
      }
      const policy = await readPolicy(db, hash)
      const fellBack = effectiveMode === 'observe' && (policy.mode === 'live' || policy.mode === 'pilot')
      next.set(key, { version: { hash, policy: { ...policy, mode: effectiveMode } }, effectiveMode, fellBack })
    }
    known = next
    return [...next.values()]
  }
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
    const { hash, policy } = workflow.version
    const made: RunningWorkflow = {
      version: { hash, policy: { ...policy, mode: 'observe' } },
      effectiveMode: 'observe',
      fellBack: false,
    }
    observed.set(workflow, made)
    return made
  })
}
