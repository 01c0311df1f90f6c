import { actBatch } from '../src/pipeline/act.ts'
import type { WorkerContext } from './context.ts'
import { runStage } from './run-stage.ts'

const ROUNDS_MAX = 10

export function runAct(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs, publicUrl, instance } = context
  queues.consume(
    'act',
    (connectionId, signal) =>
      runStage(context, 'act', connectionId, async ({ client, connection }) => {
        const titles = new Map(
          (await context.workflows()).map(({ version }) => [version.policy.workflow, version.policy.title]),
        )
        for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
          const acted = await actBatch({
            db,
            client,
            connection,
            fieldsOf,
            workflowTitle: (workflow) => titles.get(workflow) ?? workflow,
            caseUrl: (exceptionId) => `${publicUrl}/cases/${exceptionId}`,
            nowMs,
            instance,
          })
          if (acted.read) queues.wake('apply', connectionId)
          if (acted.taken === 0) return
        }
        queues.wake('act', connectionId)
      }),
    { concurrency: 2 },
  )
}
