import { Link } from '@tanstack/react-router'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { accessSays } from '../parts/access-list.tsx'
import { ago, duration, exact, number, plural, say, within } from '../parts/format.ts'
import { OutIcon } from '../parts/icons.tsx'
import { useNow } from '../server/live.ts'
import { BaselineProgress } from './baseline-progress.tsx'
import { ConnectionAccess } from './connection-access.tsx'
import { ConnectionNotices } from './connection-notices.tsx'
import { ConnectionSettings } from './connection-settings.tsx'
import { ConnectionWriting } from './connection-writing.tsx'
import { MakeTaskKey } from './make-task-key.tsx'
import { SyncStatus } from './sync-status.tsx'

const STATUS = {
  connected: { text: 'Connected', mode: 'mode-live' },
  'reconnect-needed': { text: 'Reconnect needed', mode: 'mode-off' },
  disconnected: { text: 'Disconnected', mode: '' },
} as const

/** One portal or org: how it is, how changes arrive, what works, what happened, and what can be changed. */
export function ConnectionCard({ connection }: { connection: ConnectionView }) {
  const id = `connection-${connection.id}`
  const { text, mode } = STATUS[connection.status]
  const gone = connection.status === 'disconnected'
  return (
    <section className="panel connection" id={id} aria-labelledby={`${id}-title`}>
      <div className="panel-head">
        <h2 id={`${id}-title`}>{connection.title}</h2>
        <span className={`mode ${mode}`}>{text}</span>
      </div>
      <Who connection={connection} />
      {connection.status === 'reconnect-needed' && <Reconnect connection={connection} />}
      {gone && <Ended connection={connection} />}
      {!gone && <BaselineProgress connection={connection} />}
      {!gone && connection.baseline.done && <ConnectionWriting connection={connection} />}
      {!gone && <Facts connection={connection} />}
      {!gone && connection.baseline.done && <SyncStatus connectionId={connection.id} />}
      <ConnectionNotices notices={connection.notices} />
      {!gone && <ConnectionAccess connection={connection} />}
      <ConnectionSettings connection={connection} />
    </section>
  )
}

function Who({ connection }: { connection: ConnectionView }) {
  const { crm, accountId, edition, actorName, users, url, title } = connection
  return (
    <p className="quiet">
      {[
        `${crm === 'hubspot' ? 'HubSpot portal' : 'Salesforce org'} ${accountId}`,
        edition,
        plural(users, 'active user'),
        actorName && `we write as ${actorName}`,
      ]
        .filter(Boolean)
        .join(', ')}
      {url && (
        <>
          {' '}
          <a href={url} target="_blank" rel="noreferrer noopener" className="out">
            Open
            <OutIcon />
            <span className="visually-hidden"> {title} (opens a new tab)</span>
          </a>
        </>
      )}
    </p>
  )
}

/** Where a new grant is entered: the CRM is known, and the kind is a good guess. */
function againSearch({ crm, grantKind, id }: ConnectionView) {
  return { crm, again: id, ...(grantKind ? { kind: grantKind } : {}) }
}

function Reconnect({ connection }: { connection: ConnectionView }) {
  return (
    <div className="notice notice-stop">
      <p>
        <strong>Next:</strong> {connection.statusReason ?? 'Give it new credentials.'}
      </p>
      {connection.madeBy === 'environment' ? (
        <p>Its credentials come from the settings of this service: change them there and start again.</p>
      ) : (
        <Link className="button" to="/connections/new" search={againSearch(connection)}>
          Connect again
        </Link>
      )}
      <p className="quiet">Events are kept meanwhile.</p>
    </div>
  )
}

function Ended({ connection }: { connection: ConnectionView }) {
  return (
    <div className="notice">
      <p>Its tokens are gone and nothing is read or written. What was recorded is kept.</p>
      {connection.statusReason && <p className="quiet">{connection.statusReason}</p>}
      <Link className="button button-quiet" to="/connections/new" search={againSearch(connection)}>
        Connect again
      </Link>
    </div>
  )
}

function Facts({ connection }: { connection: ConnectionView }) {
  const now = useNow(5_000)
  const { budget, stream, taskKey, access } = connection
  return (
    <dl className="facts">
      <dt>Changes arrive</dt>
      <dd>
        <Arrival connection={connection} />
        {connection.feed === 'stream' && (
          <span className="quiet">
            , {stream.state ? say(stream.state).toLowerCase() : 'not started'}
            {stream.seenAt && `, seen ${ago(stream.seenAt, now)}`}
          </span>
        )}
      </dd>
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
        {connection.pollChanges.length === 0
          ? 'not yet run'
          : connection.pollChanges
              .map(
                (one) =>
                  `${one.object} ${one.lastRunAt ? ago(one.lastRunAt, now) : 'not yet'}${
                    one.lastFound > 0 ? `, found ${number(one.lastFound)}` : ''
                  }`,
              )
              .join('; ')}
      </dd>
      {access && (
        <>
          <dt>Permissions</dt>
          <dd className={access.checks.some((one) => one.state !== 'works' && one.need !== 'optional') ? 'late' : ''}>
            {accessSays(access.checks)}
            <span className="quiet">, tried {ago(access.checkedAt, now)}</span>
          </dd>
        </>
      )}
      {taskKey && (
        <>
          <dt>No second task</dt>
          <dd>
            {taskKey.enforced ? 'enforced by the CRM' : 'checked by reading back'}
            {taskKey.why && <div className="quiet">{taskKey.why}</div>}
            {!taskKey.enforced && connection.crm === 'hubspot' && <MakeTaskKey connectionId={connection.id} />}
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
  )
}

function Arrival({ connection }: { connection: ConnectionView }) {
  switch (connection.feed) {
    case 'push':
      return 'by webhook, within seconds'
    case 'stream':
      return 'by event stream, within seconds'
    case 'poll':
      return `by polling, seen within about ${within(connection.delaySeconds ?? 60)}`
  }
}

function callsSay(budget: NonNullable<ConnectionView['budget']>): string {
  const window = `${number(budget.windowUsed)} of ${number(budget.windowLimit)} in ${duration(budget.windowMs)}`
  const day =
    budget.usedToday === null
      ? ''
      : `, ${number(budget.usedToday)} of ${number(budget.limitToday ?? 0)} in 24 hours by everybody`
  return `${window}${day}, ${number(budget.total)} by us in all`
}
