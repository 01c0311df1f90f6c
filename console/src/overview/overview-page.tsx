import { Grid, Group, Loader, Paper, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { CaseList } from '../cases/case-list.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { StillDeciding } from '../parts/still-deciding.tsx'
import { newestQuery, overviewQuery } from '../server/api.ts'
import { Alerts } from './alerts.tsx'
import { Breakdown } from './breakdown.tsx'
import { Figures } from './figures.tsx'
import { OverTime } from './over-time.tsx'
import { SetUp } from './set-up.tsx'
import { Traffic } from './traffic.tsx'

/** Everything at a glance: what is open, since when, and who owns it. */
export function OverviewPage() {
  const { data, error, refetch } = useQuery(overviewQuery)
  if (!data) {
    return error ? (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <Loader className="boot" aria-label="Loading the overview" />
    )
  }
  return (
    <>
      <h1>Overview</h1>
      {error && <ProblemNotice error={error} />}
      <Alerts alerts={data.alerts} />
      <SetUp overview={data} />
      <StillDeciding records={data.events.recordsToDecide} what="These numbers change" />
      {(data.setUp.connections > 0 || data.open.total > 0) && <Numbers overview={data} />}
      <Newest />
    </>
  )
}

function Numbers({ overview }: { overview: Overview }) {
  return (
    <>
      <Figures overview={overview} />
      <Grid gap="sm" mb="lg">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <OverTime overview={overview} />
        </Grid.Col>
        <Panel id="by-class" title="By class">
          <Breakdown counts={overview.byClass} filter={(key) => ({ class: key })} isClass />
        </Panel>
        <Panel id="by-pattern" title="By pattern">
          <Breakdown counts={overview.byPattern} filter={(key) => ({ pattern: key })} />
        </Panel>
        <Panel id="by-owner" title="By owner">
          <Breakdown counts={overview.byOwner.slice(0, 8)} filter={(key) => ({ owner: key })} />
        </Panel>
        <Panel id="by-workflow" title="By workflow">
          <Breakdown counts={overview.byWorkflow.slice(0, 8)} filter={(key) => ({ workflow: key })} />
          <Traffic overview={overview} />
        </Panel>
      </Grid>
    </>
  )
}

function Panel({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <Grid.Col span={{ base: 12, sm: 6, lg: 4 }}>
      <Paper component="section" h="100%" aria-labelledby={id}>
        <Title order={2} id={id} mb={10}>
          {title}
        </Title>
        {children}
      </Paper>
    </Grid.Col>
  )
}

function Newest() {
  const { data } = useQuery(newestQuery)
  if (!data || data.exceptions.length === 0) return null
  return (
    <section aria-labelledby="newest">
      <Group justify="space-between" align="baseline" mb={10}>
        <h2 id="newest">Newest cases</h2>
        <Link to="/cases">All open cases</Link>
      </Group>
      <CaseList cases={data.exceptions} label="Newest cases" />
    </section>
  )
}
