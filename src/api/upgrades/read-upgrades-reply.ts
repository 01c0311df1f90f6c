import { sql } from 'kysely'
import { countsText, heldTasksText, isWithoutEffect, sumOf } from '../../model/surface/upgrade-sums.ts'
import type { Database } from '../../store/database/database.ts'
import { listUpgrades, type UpgradeReport } from '../../store/upgrades/read-upgrades.ts'
import { patternTitle } from '../cases/pattern-titles.ts'
import type { UpgradesReply, UpgradeView } from './upgrade-types.ts'

const SHOWN = 10

export async function readUpgradesReply(db: Database): Promise<UpgradesReply> {
  const upgrades = await listUpgrades(db, { limit: SHOWN })
  const [examples, connections, workflows] = await Promise.all([
    readExamples(db, upgrades),
    readTitles(db, 'connection'),
    readTitles(db, 'workflow'),
  ])
  const titles: Titles = { examples, connections, workflows }
  return {
    upgrades: upgrades.map(({ id, startedAt, limitAt, from, to, edited, report }) => ({
      id: String(id),
      startedAt: startedAt.toISOString(),
      limitAt: limitAt.toISOString(),
      from,
      to,
      edited: [...edited],
      report: report && reportView(id, report, titles),
    })),
  }
}

type Example = { readonly id: number; readonly upgradeId: number; readonly title: string; readonly change: string }

type Titles = {
  readonly examples: readonly Example[]
  readonly connections: ReadonlyMap<string, string>
  readonly workflows: ReadonlyMap<string, string>
}

function reportView(
  upgradeId: number,
  { at, undecided, groups, tasks }: UpgradeReport,
  { examples, connections, workflows }: Titles,
): UpgradeView['report'] {
  const total = sumOf(groups)
  return {
    at: at.toISOString(),
    undecided,
    isWithoutEffect: isWithoutEffect(groups, tasks, undecided),
    says: countsText(total),
    tasksSay: heldTasksText(tasks),
    total,
    groups: groups.map(({ connectionId, workflow, pattern, opened, closed, changed, askedAgain, examples: ids }) => ({
      connectionTitle: connections.get(connectionId) ?? connectionId,
      workflow,
      workflowTitle: workflows.get(workflow) ?? workflow,
      pattern,
      patternTitle: patternTitle(pattern),
      opened,
      closed,
      changed,
      askedAgain,
      examples: examples
        .filter((one) => one.upgradeId === upgradeId && ids.includes(one.id))
        .map(({ id, title, change }) => ({ id: String(id), title, change })),
    })),
  }
}

/** As the cases are called now: an erased record has no name here either. */
async function readExamples(
  db: Database,
  upgrades: readonly { readonly id: number; readonly report: UpgradeReport | null }[],
): Promise<Example[]> {
  const wanted = upgrades.flatMap(({ id, report }) =>
    (report?.groups ?? []).flatMap(({ examples }) => examples.map((exceptionId) => ({ id, exceptionId }))),
  )
  const { rows } = await sql<Example>`
    select e.id, c.upgrade_id as "upgradeId", e.title, c.change
    from unnest(${wanted.map(({ id }) => id)}::int[], ${wanted.map(({ exceptionId }) => exceptionId)}::bigint[]) as w(u, e)
    join upgrade_case c on c.upgrade_id = w.u and c.exception_id = w.e
    join exception e on e.id = c.exception_id
    order by c.change desc, e.id`.execute(db)
  return rows
}

async function readTitles(db: Database, of: 'connection' | 'workflow'): Promise<Map<string, string>> {
  const key = of === 'connection' ? sql.ref('id') : sql.ref('workflow')
  const { rows } = await sql<{ key: string; title: string }>`
    select ${key} as key, title from ${sql.table(of)}`.execute(db)
  return new Map(rows.map(({ key: one, title }) => [one, title]))
}
