import { after } from 'node:test'
import type { Policy } from '../../src/model/policy/policy.ts'
import { contact, userId } from './contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

/** Pipelines with policies on contacts, stopped after the group of tests. Call it inside `describe`. */
export function decisionStage() {
  const started: Harness[] = []
  const startWith = async (...policies: Policy[]) => {
    const harness = await pipelineHarness((crm) => {
      staff(crm)
      return policies
    })
    started.push(harness)
    return harness
  }
  const start = (change: Partial<Policy> = {}) => startWith(contactPolicy(change))
  /** A contact with one case, whose task is in the CRM. */
  const withTask = async () => {
    const h = await start()
    await h.receive(contact(h, '1', { firstname: 'Ann', country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
    await h.settle()
    return { h, taskId: h.crm.openTasks()[0]!.id }
  }
  after(() => Promise.all(started.map((harness) => harness.stop())))
  return { startWith, start, withTask }
}
