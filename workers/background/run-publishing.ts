import { setInterval as every } from 'node:timers/promises'
import { draftsFromFiles } from '../../src/publishing/follow-files.ts'
import { publishApproved } from '../../src/publishing/put-in-force.ts'
import type { WorkerContext } from '../runtime/context.ts'

/** From the last approval to the first decision under a version five seconds may pass, and this is most of them. */
const TURN_MS = 1_000

/** How often the files are compared with their drafts. */
const FILES_EVERY_MS = 5_000

/** Brings approved drafts into force, follows what is in force, and makes drafts of files that changed. Without a folder the files
 * are those of the sandbox, which count at the start alone. */
export async function runPublishing(context: WorkerContext, configDir: string | null): Promise<void> {
  const { logger, signal } = context
  let failing = false
  let filesReadAtMs = Number.NEGATIVE_INFINITY
  const turn = async () => {
    try {
      await publishOnce(context)
      if (configDir !== null && context.nowMs() - filesReadAtMs >= FILES_EVERY_MS) {
        filesReadAtMs = context.nowMs()
        await noteFiles(context, configDir)
      }
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) logger.warn({ err: error }, 'a version could not be put in force')
      failing = true
    }
  }
  await turn()
  for await (const _ of every(TURN_MS, undefined, { signal })) await turn()
}

async function publishOnce(context: WorkerContext): Promise<void> {
  const { inForce } = await publishApproved(context.db)
  await context.followPolicies?.()
  if (inForce.length === 0) return
  context.logger.info({ sequence: inForce }, 'version in force')
  for (const id of context.connectionIds()) context.queues.wake('decide', id)
}

/** Says what became of files that changed: they put nothing in force by themselves. */
async function noteFiles({ db, logger }: WorkerContext, configDir: string): Promise<void> {
  for (const { document, file, what, draftId, approvalsEnded } of await draftsFromFiles(db, configDir)) {
    const message = what === 'made' ? 'a draft was made of a file' : 'a file changed, and its draft with it'
    logger.info({ document, file, draft: draftId, approvalsEnded }, message)
  }
}
