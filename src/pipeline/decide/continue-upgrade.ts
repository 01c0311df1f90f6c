import { canonicalJson } from '../../model/policy/canonical.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { countHeldTasks, countUpgradeCases, noteInputCases } from '../../store/upgrades/upgrade-cases.ts'
import {
  countUndecided,
  finishUpgrade,
  noteProgress,
  releaseNextTasks,
  takeDueUpgrade,
  unreleasedUpgrade,
} from '../../store/upgrades/upgrade-progress.ts'

/** Then other work has its turn; the sweeper comes back for what is left. */
const RELEASES_IN_A_ROW = 20

/**
 * Makes the report of an upgrade once everything is decided again or the time for that is over, and then lets the tasks go
 * that waited for it. Any process may do any part, also of another connection. True: tasks may go now.
 */
export async function continueUpgrade(db: Database): Promise<boolean> {
  const upgrade = await unreleasedUpgrade(db)
  if (upgrade === null) return false
  if (!upgrade.isFinished) {
    await noteProgress(db, upgrade.id)
    if (!(await inTransaction(db, (trx) => makeReport(trx, upgrade.id)))) return false
  }
  for (let turn = 0; turn < RELEASES_IN_A_ROW && (await releaseNextTasks(db, upgrade.id)); turn++);
  return true
}

/** The ledger last, because its head stays locked until the commit. It names cases by their numbers in groups, and no person. */
async function makeReport(trx: DatabaseTransaction, id: number): Promise<boolean> {
  const due = await takeDueUpgrade(trx, id)
  if (due === null) return false
  await noteInputCases(trx, id)
  const report = await countUpgradeCases(trx, id)
  const tasks = await countHeldTasks(trx, id)
  const undecided = await countUndecided(trx, id)
  const groups = report.map(({ examples: _, ...counts }) => counts)
  const [ledgerSeq] = await appendLedger(trx, [
    {
      at: new Date(await databaseNowMs(trx)),
      kind: 'upgrade-reported',
      actor: 'lanekeeper',
      subject: `upgrade/${id}`,
      body: canonicalJson({ ...due, undecided, tasks, groups }),
    },
  ])
  await finishUpgrade(trx, id, { undecided, report, tasks, ledgerSeq: ledgerSeq! })
  return true
}
