import { forPeople } from '../../src/connections/call-budget.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { searchAgain } from '../../src/pipeline/act/search-again.ts'
import { nextDeparture } from '../../src/store/writes/intents.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { runStage } from '../runtime/run-stage.ts'
import { laterWakes } from '../runtime/wake-later.ts'

/** Batches before the stage lets another connection have its turn. */
const ROUNDS_MAX = 10

export function runAct(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs, publicUrl, instance, timing } = context
  const wakeIn = laterWakes(queues, 'act')
  queues.consume(
    'act',
    (connectionId, stopping) =>
      runStage(context, 'act', connectionId, stopping, async ({ client, connection }, signal) => {
        const titles = new Map(
          (await context.workflows()).map(({ version }) => [version.policy.workflow, version.policy.title]),
        )
        await searchAgain({ db, client, connection })
        for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
          const departsInMs = await nextDeparture(db, connectionId, crmProfile(connection.crm).writeBatchMax, timing)
          if (departsInMs !== 0) {
            if (departsInMs !== null) wakeIn(connectionId, departsInMs)
            return
          }
          const acted = await forPeople(() =>
            actBatch({
              db,
              client,
              connection,
              fieldsOf,
              workflowTitle: (workflow) => titles.get(workflow) ?? workflow,
              caseUrl: (exceptionId) => `${publicUrl}/cases/${exceptionId}`,
              listUrl: (taskId) => `${publicUrl}/cases?task=${taskId}`,
              nowMs,
              ...(timing && { timing }),
              instance,
            }),
          )
          if (acted.read) queues.wake('apply', connectionId)
          if (acted.taken === 0) return
        }
        queues.wake('act', connectionId)
      }),
    { concurrency: 2 },
  )
}
