import { Paper, SimpleGrid } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { compact, duration, number } from '../parts/format.ts'
import type { CaseSearch } from '../server/api.ts'

/** The four numbers on top, each with the list behind it. */
export function Figures({ overview }: { overview: Overview }) {
  const { open, last7Days } = overview
  const closed = last7Days.fixedByRules + last7Days.fixedInCrm + last7Days.endedOtherwise
  const oldest = open.oldestOpenedAt && duration(Date.parse(overview.at) - Date.parse(open.oldestOpenedAt))
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm" mb="sm">
      <Figure label="Open cases" value={open.total} to={{}}>
        {[
          oldest && `oldest: ${oldest}`,
          open.closedWithoutChange > 0 && `${number(open.closedWithoutChange)} closed without a change`,
        ]
          .filter(Boolean)
          .join(', ')}
      </Figure>
      <Figure label="Overdue" value={open.overdue} to={{ overdue: 'true' }} isLate={open.overdue > 0}>
        {open.overdue > 0 && `${Math.round((100 * open.overdue) / open.total)}% of open cases`}
      </Figure>
      <Figure label="Blocked until someone decides" value={open.stopped} to={{ posture: 'stop' }}>
        {open.unknown > 0 && `${number(open.unknown)} unclassified`}
      </Figure>
      <Figure label="Fixed by rules" value={last7Days.fixedByRules} to={{ status: 'settled-by-rule' }}>
        {closed > 0 ? `of ${number(closed)} closed this week` : 'this week'}
      </Figure>
    </SimpleGrid>
  )
}

type FigureProps = { label: string; value: number; to: CaseSearch; isLate?: boolean; children: string | false | null }

function Figure({ label, value, to, isLate, children }: FigureProps) {
  return (
    <Paper component="dl" className={isLate ? 'figure figure-late' : 'figure'} py={12}>
      <dt className="quiet">{label}</dt>
      <dd>
        <Link to="/cases" search={to} title={number(value)} aria-label={`${label}: ${number(value)}`}>
          {compact(value)}
        </Link>
        {children && <span className="quiet">{children}</span>}
      </dd>
    </Paper>
  )
}
