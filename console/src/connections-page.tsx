import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ConnectionView } from '../../src/api/console-types.ts'
import { connectionsQuery } from './api.ts'
import { ago, duration, exact, number, plural, say } from './format.ts'
import { OutIcon } from './icons.tsx'
import { useNow } from './live.ts'
import { EmptyState, ProblemNotice } from './notices.tsx'

export function ConnectionsPage() {
  const { data, error, refetch } = useQuery(connectionsQuery)
  return (
    <>
      <h1>Connections</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading connections" />}
      {data?.connections.length === 0 && (
        <EmptyState title="No CRM is connected yet">
          Give Lanekeeper the credentials of your HubSpot portal or Salesforce org and start it again;{' '}
          <code>npm start -- --help</code> lists the settings. Without any, two sandbox CRMs are started.
        </EmptyState>
      )}
      <div className="connections">
        {data?.connections.map((connection) => (
          <Connection key={connection.id} connection={connection} />
        ))}
      </div>
    </>
  )
}

function Connection({ connection }: { connection: ConnectionView }) {
  const now = useNow(5_000)
  const { budget, stream } = connection
  const id = `connection-${connection.id}`
  const connected = connection.status === 'connected'
  return (
    <section className="panel connection" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{connection.title}</h2>
        <span className={connected ? 'mode mode-live' : 'mode mode-off'}>
          {connected ? 'Connected' : 'Reconnect needed'}
        </span>
      </div>
      <p className="quiet">
        {connection.crm === 'hubspot' ? 'HubSpot portal' : 'Salesforce org'} {connection.accountId},{' '}
        {plural(connection.users, 'active user')}
        {connection.url && (
          <>
            {' '}
            <a href={connection.url} target="_blank" rel="noreferrer noopener" className="out">
              Open
              <OutIcon />
              <span className="visually-hidden"> {connection.title} (opens a new tab)</span>
            </a>
          </>
        )}
      </p>
      {!connected && (
        <div className="notice notice-stop">
          <p>
            <strong>Next:</strong>{' '}
            {connection.statusReason ?? 'Renew the credentials of this connection and start again.'}
          </p>
          <p className="quiet">Events are kept meanwhile.</p>
        </div>
      )}
      <Baseline connection={connection} />
      <dl className="facts">
        {connection.crm === 'hubspot' && stream.state === null ? (
          <>
            <dt>Changes come by</dt>
            <dd>Webhook</dd>
          </>
        ) : (
          <>
            <dt>Stream</dt>
            <dd>
              {stream.state ? say(stream.state) : 'Not started'}
              {stream.seenAt && <span className="quiet">, seen {ago(stream.seenAt, now)}</span>}
            </dd>
          </>
        )}
        <dt>Last event</dt>
        <dd>{connection.lastEventAt ? ago(connection.lastEventAt, now) : 'none yet'}</dd>
        <dt>Events waiting</dt>
        <dd>{number(connection.eventsWaiting)}</dd>
        <dt>Calls</dt>
        <dd>{budget ? callsSay(budget) : 'none yet'}</dd>
        {budget?.pausedUntil && (
          <>
            <dt>Paused</dt>
            <dd className="late">
              until {exact(budget.pausedUntil)}
              {budget.pausedWhy && `: ${budget.pausedWhy}`}
            </dd>
          </>
        )}
        <dt>Reconcile</dt>
        <dd>
          {connection.reconcile.length === 0
            ? 'not yet run'
            : connection.reconcile.map((one) => (
                <div key={one.object}>
                  {one.object}: {one.lastRunAt ? ago(one.lastRunAt, now) : 'not yet'}
                  {one.lastFound > 0 && `, found ${number(one.lastFound)}`}
                </div>
              ))}
        </dd>
        {connection.taskKey && (
          <>
            <dt>No second task</dt>
            <dd>
              {connection.taskKey.enforced ? 'enforced by the CRM' : 'checked by reading back'}
              {connection.taskKey.why && <span className="quiet">, {connection.taskKey.why}</span>}
            </dd>
          </>
        )}
        {connection.unreadable.length > 0 && (
          <>
            <dt>Not readable</dt>
            <dd className="late">
              {connection.unreadable.map((one) => `${one.object}: ${one.fields.join(', ')}`).join('; ')}
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

function callsSay(budget: NonNullable<ConnectionView['budget']>): string {
  const window = `${number(budget.windowUsed)} of ${number(budget.windowLimit)} in ${duration(budget.windowMs)}`
  const day =
    budget.usedToday === null ? '' : `, ${number(budget.usedToday)} of ${number(budget.limitToday ?? 0)} in 24 hours`
  return `${window}${day}, ${number(budget.total)} by us in all`
}

/** While the first import runs this is what people look at; afterwards one line is enough. */
function Baseline({ connection }: { connection: ConnectionView }) {
  const { done, objects } = connection.baseline
  const count = objects.reduce((sum, object) => sum + object.count, 0)
  if (done) {
    return (
      <p>
        Baseline complete: {number(count)} records (
        {objects.map((object) => `${number(object.count)} ${object.object}`).join(', ')})
      </p>
    )
  }
  return (
    <div className="baseline">
      <p>
        <strong>Reading the baseline</strong> <span className="quiet">{number(count)} records so far</span>
      </p>
      {objects.map((object) => {
        const share = object.done
          ? 100
          : object.total
            ? Math.min(99, Math.floor((100 * object.count) / object.total))
            : 0
        return (
          <div key={object.object} className="progress">
            <span>{object.object}</span>
            <div
              className="bar"
              role="progressbar"
              aria-label={`Baseline of ${object.object}`}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={share}
            >
              <span className="bar-fill" style={{ width: `${share}%` }} />
            </div>
            <span className="quiet">
              {object.done
                ? number(object.count)
                : object.count === 0
                  ? 'waiting'
                  : `${number(object.count)}${object.total ? ` of ${number(object.total)}` : ''}`}
            </span>
          </div>
        )
      })}
    </div>
  )
}
