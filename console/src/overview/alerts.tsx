import { Paper } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Alert } from '../../../src/api/overview/overview-types.ts'
import { plural } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'

/** Problems outside the cases: one line, and each with its remedy when opened. */
export function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null
  const edge = alerts.some((alert) => alert.level === 'stop') ? 'revenue-impacting' : 'risky'
  return (
    <Paper
      component="details"
      className="alerts"
      px={14}
      py={10}
      mb={14}
      style={{ borderLeft: `4px solid var(--class-${edge}-solid)` }}
    >
      <summary>
        <strong>{plural(alerts.length, 'alert needs', 'alerts need')} attention</strong>{' '}
        <span className="quiet">{alerts.map((alert) => alert.title).join(' · ')}</span>
      </summary>
      <ul>
        {alerts.map((alert) => (
          <li key={alert.title}>
            <Notice tone={alert.level} title={alert.title}>
              <p>{alert.detail}</p>
              <p>
                <strong>What to do:</strong> {alert.remedy} <Where about={alert.about} />
              </p>
            </Notice>
          </li>
        ))}
      </ul>
    </Paper>
  )
}

function Where({ about }: { about: Alert['about'] }) {
  if (about === 'connection') return <Link to="/connections">Go to Connections</Link>
  if (about === 'workflow') return <Link to="/workflows">Go to Workflows</Link>
  return null
}
