import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { canCreateTaskKey, crmName } from '../connect/crms.ts'
import { accessSummary } from '../parts/access-list.tsx'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { ago, duration, exact, labelOf, number, objectLabel, within } from '../parts/format.ts'
import { useNow } from '../server/live.ts'
import { MakeTaskKey } from './make-task-key.tsx'

/** How changes arrive, how much of the API limit is used, and what is missing. */
export function ConnectionFacts({ connection }: { connection: ConnectionView }) {
  const now = useNow(5_000)
  const { access, budget } = connection
  return (
    <FactList labelWidth={150}>
      <FactRow label="Changes arrive">{arrival(connection, now)}</FactRow>
      <FactRow label="Last change">{connection.lastEventAt ? ago(connection.lastEventAt, now) : 'none yet'}</FactRow>
      <FactRow label="Changes waiting">{number(connection.eventsWaiting)}</FactRow>
      <FactRow label="API usage">{budget ? apiUsage(budget) : 'none yet'}</FactRow>
      {budget?.pausedUntil && (
        <FactRow label="Rate-limited" isLate>
          Calls resume at {exact(budget.pausedUntil)}
          {budget.pausedWhy && `: ${budget.pausedWhy}`}
        </FactRow>
      )}
      <FactRow label="Last poll">{polls(connection, now)}</FactRow>
      {access && (
        <FactRow
          label="Permissions"
          isLate={access.checks.some((one) => one.state !== 'works' && one.need !== 'optional')}
        >
          {accessSummary(access.checks)}
          <span className="quiet">, checked {ago(access.checkedAt, now)}</span>
        </FactRow>
      )}
      <TaskKeyRow connection={connection} />
      {connection.unreadable.length > 0 && (
        <FactRow label="Unreadable fields" isLate>
          {connection.unreadable.map((one) => `${objectLabel(one.object)}: ${one.fields.join(', ')}`).join('; ')}
        </FactRow>
      )}
    </FactList>
  )
}

function TaskKeyRow({ connection: { id, crm, taskKey } }: { connection: ConnectionView }) {
  if (!taskKey) return null
  const name = crmName(crm)
  return (
    <FactRow label="Duplicate protection">
      {taskKey.enforced ? (
        `Enforced by ${name}`
      ) : (
        <>
          Checked by read-back. Add the unique property to let {name} enforce it.
          {taskKey.why && <div className="quiet">{taskKey.why}</div>}
          {canCreateTaskKey(crm) && <MakeTaskKey connectionId={id} />}
        </>
      )}
    </FactRow>
  )
}

function arrival({ feed, stream, delaySeconds }: ConnectionView, now: number): string {
  switch (feed) {
    case 'push':
      return 'by webhook, within seconds'
    case 'stream': {
      const state = stream.state ? labelOf(stream.state).toLowerCase() : 'not started'
      return `by event stream, within seconds (${state}${stream.seenAt ? `, last seen ${ago(stream.seenAt, now)}` : ''})`
    }
    case 'poll':
      return `by polling, within about ${within(delaySeconds ?? 60)}`
  }
}

function apiUsage(budget: NonNullable<ConnectionView['budget']>): string {
  const span = budget.windowMs === 1_000 ? 'this second' : `in the last ${duration(budget.windowMs)}`
  const burst = `${number(budget.windowUsed)} of ${number(budget.windowLimit)} calls ${span}`
  const day =
    budget.usedToday === null
      ? ''
      : `; ${number(budget.usedToday)} of ${number(budget.limitToday ?? 0)} today (all apps)`
  return `${burst}${day}, ${number(budget.total)} by Lanekeeper in total`
}

function polls({ pollChanges }: ConnectionView, now: number): string {
  if (pollChanges.length === 0) return 'none yet'
  const each = pollChanges.map(({ object, lastRunAt, lastFound }) => {
    const found = lastFound > 0 ? ` (${number(lastFound)} found)` : ''
    return `${objectLabel(object)} ${lastRunAt ? ago(lastRunAt, now) : 'not yet'}${found}`
  })
  return each.join('; ')
}
