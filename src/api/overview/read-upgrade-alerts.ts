import { counted } from '../../model/surface/numbers.ts'
import { countsText, heldTasksText, isWithoutEffect, sumOf } from '../../model/surface/upgrade-sums.ts'
import type { Database } from '../../store/database/database.ts'
import { listUpgrades, type Upgrade } from '../../store/upgrades/read-upgrades.ts'
import type { Overview } from './overview-types.ts'

type UpgradeAlert = Omit<Overview['alerts'][number], 'departed'>

/** How long a report is an alert; it stays on its page. */
const SHOWN_DAYS = 7

/** One alert for each upgrade that is under way or that changed something in the last days. */
export async function upgradeAlerts(db: Database, now: Date): Promise<UpgradeAlert[]> {
  const upgrades = await listUpgrades(db, { limit: 5, startedSince: new Date(+now - SHOWN_DAYS * 86_400_000) })
  return upgrades.flatMap((upgrade) => alertOf(upgrade))
}

function alertOf({ report, limitAt, edited }: Upgrade): UpgradeAlert[] {
  if (report === null) {
    const at = limitAt.toISOString().slice(11, 16)
    return [
      {
        level: 'warn',
        title: 'Upgrade: every record is being decided again',
        detail: `This version of Lanekeeper may read values differently. Tasks that it alone wants wait for its report, until ${at} UTC at the latest.`,
        remedy: 'No action needed; clears when the report is made.',
        needsAction: false,
        about: 'upgrade',
      },
    ]
  }
  const { groups, tasks, undecided } = report
  if (isWithoutEffect(groups, tasks, undecided)) return []
  const parts = [
    'This version of Lanekeeper reads values differently.',
    `The CRMs get ${heldTasksText(tasks)}.`,
    ...(undecided > 0
      ? [`The report is not complete: ${counted(undecided, 'record was', 'records were')} not decided yet.`]
      : []),
    ...(edited.length > 0 ? [`Edited at the same time, so counted with it: ${edited.join(', ')}.`] : []),
  ]
  return [
    {
      level: 'warn',
      title: `Upgrade: ${countsText(sumOf(groups))}`,
      detail: parts.join(' '),
      remedy: `No action needed if that is right; clears after ${SHOWN_DAYS} days.`,
      needsAction: false,
      about: 'upgrade',
    },
  ]
}
