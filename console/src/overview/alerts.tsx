import { Paper } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Alert } from '../../../src/api/overview/overview-types.ts'
import { plural } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import { StillNamed } from './still-named.tsx'

/** Problems outside the cases: one line, and each with its remedy when opened. */
export function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null
  return (
    <Paper
      component="details"
      className="alerts"
      px={14}
      py={10}
      mb={14}
      style={{ borderLeft: `4px solid ${edge(alerts)}` }}
    >
      <summary>
        <Summary alerts={alerts} />
      </summary>
      <ul>
        {alerts.map((alert) => (
          <li key={`${alert.title}/${alert.detail}`}>
            <Notice tone={alert.level} title={alert.title}>
              <p>{alert.detail}</p>
              <p>
                {alert.needsAction && <strong>What to do: </strong>}
                {alert.remedy} <Where about={alert.about} />
              </p>
              {alert.departed !== null && <StillNamed email={alert.departed} />}
            </Notice>
          </li>
        ))}
      </ul>
    </Paper>
  )
}

function edge(alerts: readonly Alert[]): string {
  if (alerts.some(({ level }) => level === 'stop')) return 'var(--class-revenue-impacting-solid)'
  return alerts.some(({ needsAction }) => needsAction) ? 'var(--class-risky-solid)' : 'var(--fill)'
}

/** Only what the reader has to act on is counted as that. */
function Summary({ alerts }: { alerts: readonly Alert[] }) {
  const urgent = alerts.filter(({ needsAction }) => needsAction)
  const others = alerts.length - urgent.length
  const titles = (urgent.length > 0 ? urgent : alerts).map(({ title }) => title).join(' · ')
  const count =
    urgent.length > 0
      ? plural(urgent.length, 'alert needs attention', 'alerts need attention')
      : `${plural(others, 'notice')}, no action needed`
  return (
    <>
      <strong>{count}</strong>{' '}
      <span className="quiet">
        {titles}
        {urgent.length > 0 && others > 0 && ` · ${plural(others, 'notice')} for information`}
      </span>
    </>
  )
}

function Where({ about }: { about: Alert['about'] }) {
  if (about === 'connection') return <Link to="/connections">Go to Connections</Link>
  if (about === 'workflow') return <Link to="/workflows">Go to Workflows</Link>
  if (about === 'people') return <Link to="/people">Go to People</Link>
  if (about === 'control') return <Link to="/control">Go to Control</Link>
  if (about === 'upgrade') return <Link to="/upgrades">See what changed</Link>
  return null
}
