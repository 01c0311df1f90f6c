import { startApplication } from '../../src/pipeline/decide/apply-to-backlog.ts'
import type { Database } from '../../src/store/database/database.ts'
import { previewBacklog } from '../../src/store/decisions/backlog-view.ts'

/** As its workflow owner would: the version in force goes to every record that waits for it, all of them at once. */
export async function applyBacklog(db: Database, workflow = 'routing'): Promise<void> {
  const preview = await previewBacklog(db, workflow)
  if (preview === null) throw new Error(`Nothing of ${workflow} waits to be applied`)
  const { versionId, upTo, waiting: cap } = preview
  const applying = { workflow, versionId, upTo, cap, perHour: 100_000, by: 'person:test' }
  const applied = await db.transaction().execute((trx) => startApplication(trx, preview, applying))
  if (typeof applied === 'string') throw new Error(`The version is not applied: ${applied}`)
}
