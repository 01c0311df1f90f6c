import { Loader, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Alert, Count, Overview } from '../../../src/api/overview/overview-types.ts'
import { CaseList } from '../cases/case-list.tsx'
import { compact, duration, number, plural, say } from '../parts/format.ts'
import { ClassIcon } from '../parts/icons.tsx'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { type CaseSearch, newestQuery, overviewQuery } from '../server/api.ts'
import { TimeChart } from './time-chart.tsx'

/** The exception surface: what is open, since when, whose it is. */
export function OverviewPage() {
  const { data, error, refetch } = useQuery(overviewQuery)
  if (!data) {
    return error ? (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <Loader className="boot" aria-label="Loading the exception surface" />
    )
  }
  return (
    <>
      <h1>Exception surface</h1>
      {error && <ProblemNotice error={error} />}
      <Alerts alerts={data.alerts} />
      <SetUp overview={data} />
      <Numbers overview={data} />
      <div className="surface">
        <OverTime overview={data} />
        <section className="panel" aria-labelledby="by-class">
          <h2 id="by-class">By class</h2>
          <Breakdown counts={data.byClass} filter={(key) => ({ class: key })} isClass />
        </section>
        <section className="panel" aria-labelledby="by-pattern">
          <h2 id="by-pattern">By pattern</h2>
          <Breakdown counts={data.byPattern} filter={(key) => ({ pattern: key })} />
        </section>
        <section className="panel" aria-labelledby="by-owner">
          <h2 id="by-owner">By owner</h2>
          <Breakdown counts={data.byOwner.slice(0, 8)} filter={(key) => ({ owner: key })} />
        </section>
        <section className="panel" aria-labelledby="by-workflow">
          <h2 id="by-workflow">By workflow</h2>
          <Breakdown counts={data.byWorkflow.slice(0, 8)} filter={(key) => ({ workflow: key })} />
          <Traffic overview={data} />
        </section>
      </div>
      <Newest />
    </>
  )
}

function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null
  const stops = alerts.filter((alert) => alert.level === 'stop')
  return (
    <details className={`alerts ${stops.length > 0 ? 'alerts-stop' : 'alerts-warn'}`}>
      <summary>
        <strong>{plural(alerts.length, 'thing needs', 'things need')} attention</strong>
        <span className="alerts-list">{alerts.map((alert) => alert.title).join(' · ')}</span>
      </summary>
      <ul>
        {alerts.map((alert) => (
          <li key={alert.title} className={`notice notice-${alert.level}`}>
            <p className="notice-title">{alert.title}</p>
            <p>{alert.detail}</p>
            <p>
              <strong>Next:</strong> {alert.remedy}
              {alert.about === 'connection' && (
                <>
                  {' '}
                  <Link to="/connections">Connections</Link>
                </>
              )}
              {alert.about === 'workflow' && (
                <>
                  {' '}
                  <Link to="/workflows">Workflows</Link>
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** What is still missing before numbers can mean anything. */
function SetUp({ overview }: { overview: Overview }) {
  const { connections, baselinesRunning, onlyRead, workflows } = overview.setUp
  if (connections === 0) {
    return (
      <EmptyState title="No CRM is connected yet">
        <p>Connect your HubSpot portal or Salesforce org to see its exception surface, before anything is written.</p>
        <Link className="button" to="/connections/new">
          Connect a CRM
        </Link>
      </EmptyState>
    )
  }
  if (workflows === 0) {
    return (
      <EmptyState title="No workflow is running">
        Add a policy under <code>config/workflows</code>. Events are received and kept meanwhile.
      </EmptyState>
    )
  }
  if (baselinesRunning === 0 && onlyRead > 0) {
    return (
      <div className="notice">
        <p>
          <strong>{plural(onlyRead, 'connection is', 'connections are')} only read.</strong> These cases are what would
          be acted on; nothing is written to {onlyRead === 1 ? 'that CRM' : 'those CRMs'} yet.{' '}
          <Link to="/connections">Let workflows write</Link>
        </p>
      </div>
    )
  }
  if (baselinesRunning === 0) return null
  return (
    <div className="notice">
      <p>
        <strong>{plural(baselinesRunning, 'baseline is', 'baselines are')} still running.</strong> The numbers below
        grow until all records are read. <Link to="/connections">See the progress</Link>
      </p>
    </div>
  )
}

function Numbers({ overview }: { overview: Overview }) {
  const { open, last7Days } = overview
  const closed = last7Days.settledByRule + last7Days.resolvedByPeople
  const share = closed === 0 ? null : Math.round((100 * last7Days.settledByRule) / closed)
  return (
    <dl className="numbers">
      <Figure label="Open cases" value={open.total} to={{}}>
        {open.oldestOpenedAt
          ? `oldest ${duration(Date.parse(overview.at) - Date.parse(open.oldestOpenedAt))}`
          : 'nothing waits'}
      </Figure>
      <Figure label="Past deadline" value={open.overdue} to={{ overdue: 'true' }} loud={open.overdue > 0}>
        {open.total === 0 ? 'of none' : `${Math.round((100 * open.overdue) / open.total)} % of open`}
      </Figure>
      <Figure label="Stopped" value={open.stopped} to={{ posture: 'stop' }}>
        {open.unknown === 0 ? 'none of them unknown' : `${number(open.unknown)} of them unknown`}
      </Figure>
      <Figure label="Settled by rules" value={last7Days.settledByRule} to={{ status: 'settled-by-rule' }}>
        {share === null ? 'in 7 days' : `in 7 days, ${share} % of all closed`}
      </Figure>
    </dl>
  )
}

function Figure(props: { label: string; value: number; to: CaseSearch; loud?: boolean; children: string }) {
  return (
    <div className={props.loud ? 'figure figure-loud' : 'figure'}>
      <dt>{props.label}</dt>
      <dd>
        <Link to="/cases" search={props.to} title={number(props.value)} aria-label={`${props.label}: ${props.value}`}>
          {compact(props.value)}
        </Link>
        <span>{props.children}</span>
      </dd>
    </div>
  )
}

function OverTime({ overview }: { overview: Overview }) {
  const [measure, setMeasure] = useState<'opened' | 'closed'>('opened')
  const [span, setSpan] = useState<'hours' | 'days'>('hours')
  return (
    <section className="panel over-time" aria-labelledby="over-time">
      <div className="panel-head">
        <h2 id="over-time">Over time</h2>
        <div className="switches">
          <SegmentedControl
            size="xs"
            aria-label="What is counted"
            value={measure}
            onChange={(value) => setMeasure(value as 'opened')}
            data={[
              { value: 'opened', label: 'Opened' },
              { value: 'closed', label: 'Closed' },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label="Span of time"
            value={span}
            onChange={(value) => setSpan(value as 'hours')}
            data={[
              { value: 'hours', label: '48 hours' },
              { value: 'days', label: '30 days' },
            ]}
          />
        </div>
      </div>
      <TimeChart points={overview[span]} unit={span} measure={measure} />
    </section>
  )
}

function Breakdown(props: { counts: readonly Count[]; filter: (key: string) => CaseSearch; isClass?: boolean }) {
  const most = Math.max(1, ...props.counts.map((count) => count.n))
  if (props.counts.length === 0) return <p className="quiet">Nothing is open.</p>
  return (
    <ul className="breakdown">
      {props.counts.map((count) => (
        <li key={count.key}>
          <Link to="/cases" search={props.filter(count.key)} className={count.n === 0 ? 'none' : undefined}>
            <span className={props.isClass ? `breakdown-name class-text-${count.key}` : 'breakdown-name'}>
              {props.isClass && <ClassIcon name={count.key} />}
              {props.isClass ? say(count.key) : count.title}
            </span>
            <span className="breakdown-n">{number(count.n)}</span>
            <span className="bar" aria-hidden="true">
              <span
                className={props.isClass ? `bar-fill fill-${count.key}` : 'bar-fill'}
                style={{ width: `${(100 * count.n) / most}%` }}
              />
            </span>
            <span className="breakdown-late">{count.overdue > 0 ? `${number(count.overdue)} late` : ''}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Traffic({ overview }: { overview: Overview }) {
  const { events, tasks } = overview
  const skipped = events.skipped.reduce((sum, reason) => sum + reason.n, 0)
  return (
    <>
      <h2 className="second">Events, 24 hours</h2>
      <dl className="facts">
        <dt>Received</dt>
        <dd>{number(events.received)}</dd>
        <dt>Applied</dt>
        <dd>{number(events.applied)}</dd>
        <dt>Duplicates</dt>
        <dd>{number(events.duplicate)}</dd>
        <dt>Skipped</dt>
        <dd title={events.skipped.map((reason) => `${say(reason.reason)}: ${number(reason.n)}`).join(', ')}>
          {number(skipped)}
        </dd>
        <dt>Lag</dt>
        <dd>{events.lagMs === null ? 'none' : `${duration(events.lagMs)}, ${number(events.waiting)} waiting`}</dd>
        <dt>Tasks in the CRMs</dt>
        <dd>
          {number(tasks.open)} open{tasks.waitingToBeWritten > 0 && `, ${number(tasks.waitingToBeWritten)} on the way`}
          {tasks.outcomeUnknown > 0 && `, ${number(tasks.outcomeUnknown)} unclear`}
        </dd>
      </dl>
    </>
  )
}

function Newest() {
  const { data } = useQuery(newestQuery)
  if (!data || data.exceptions.length === 0) return null
  return (
    <section aria-labelledby="newest">
      <div className="panel-head">
        <h2 id="newest">Newest cases</h2>
        <Link to="/cases">All open cases</Link>
      </div>
      <CaseList cases={data.exceptions} label="Newest cases" />
    </section>
  )
}
