import { counted } from '../../model/surface/numbers.ts'
import { countsText, heldTasksText, isWithoutEffect, sumOf } from '../../model/surface/upgrade-sums.ts'
import type { Database } from '../../store/database/database.ts'
import { listUpgrades, type Upgrade } from '../../store/upgrades/read-upgrades.ts'

/** Groups that the terminal names; the page has them all. */
const GROUPS_SHOWN = 8

/**
 * What to say about upgrades whenever it is asked: that one is under way, and its report, each once. Reports from before
 * `since` were read by whoever started it then.
 */
export function upgradeNews(db: Database, since: Date, pageUrl: string): () => Promise<string[]> {
  const said = new Set<string>()
  return async () => {
    const upgrades = await listUpgrades(db, { limit: 3, startedSince: since })
    return upgrades.toReversed().flatMap((upgrade) => {
      const key = `${upgrade.id}/${upgrade.to}/${upgrade.report !== null}`
      if (said.has(key)) return []
      said.add(key)
      return upgradeLines(upgrade, pageUrl)
    })
  }
}

export function upgradeLines({ report, edited }: Upgrade, pageUrl: string): string[] {
  if (report === null) {
    return ['Upgrade: every record is being decided again; tasks that only the new version wants wait for its report.']
  }
  const { groups, tasks, undecided } = report
  if (isWithoutEffect(groups, tasks, undecided)) return ['Upgrade: this version decides every record as before.']
  const more = groups.length - GROUPS_SHOWN
  return [
    `Upgrade: this version reads values differently: ${countsText(sumOf(groups))}; ${heldTasksText(tasks)}. ${pageUrl}`,
    ...groups
      .slice(0, GROUPS_SHOWN)
      .map((group) => `  ${group.connectionId}, ${group.workflow}, ${group.pattern}: ${countsText(group)}`),
    ...(more > 0 ? [`  and ${more} more on the page`] : []),
    ...(undecided > 0 ? [`  Not complete: ${counted(undecided, 'record was', 'records were')} not decided yet.`] : []),
    ...(edited.length > 0 ? [`  Edited at the same time, so counted with it: ${edited.join(', ')}.`] : []),
  ]
}
