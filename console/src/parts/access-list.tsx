import { Loader } from '@mantine/core'
import type { AccessCheckView } from '../../../src/api/connections/connect-types.ts'
import { plural } from './format.ts'
import { CheckIcon } from './icons.tsx'

const STATES = { works: 'Works', missing: 'Missing', unknown: 'Unknown' } as const

/** What is not granted matters most, and what is required more than what is not. */
const NEEDS = ['required', 'needed', 'optional']

/** Each permission that was tried, with what a missing one costs and where to grant it. */
export function AccessList({ checks, running = false }: { checks: readonly AccessCheckView[]; running?: boolean }) {
  return (
    <ul className="access" aria-live="polite" aria-busy={running}>
      {checks.map((check) => (
        <li key={check.id} className={`access-item access-${check.state}`}>
          <span className="access-state">
            <CheckIcon name={check.state} />
            {STATES[check.state]}
          </span>
          <div>
            <p className="access-title">
              {check.title}
              {check.state !== 'works' && <span className="access-need">{check.need}</span>}
            </p>
            {check.state !== 'works' && <p>{check.costs}</p>}
            {check.state !== 'works' && check.grant && (
              <p>
                <strong>Grant it:</strong> {check.grant}
              </p>
            )}
            {check.state !== 'works' && check.said && <p className="quiet">The CRM said: {check.said}</p>}
          </div>
        </li>
      ))}
      {running && (
        <li className="access-item">
          <span className="access-state">
            <Loader size={14} aria-hidden="true" />
          </span>
          <p className="quiet">Trying the next one ...</p>
        </li>
      )}
    </ul>
  )
}

/** "All 12 permissions work" or what does not. */
export function accessSays(checks: readonly AccessCheckView[]): string {
  const bad = checks.filter((check) => check.state !== 'works')
  if (bad.length === 0) return `All ${plural(checks.length, 'permission')} work`
  const worst = NEEDS.find((need) => bad.some((check) => check.need === need))
  const works = `${checks.length - bad.length} of ${plural(checks.length, 'permission')} work`
  return worst === 'required' ? `${works}; a required one does not` : works
}

export function byUrgency(checks: readonly AccessCheckView[]): AccessCheckView[] {
  const rank = (check: AccessCheckView) => (check.state === 'works' ? 9 : NEEDS.indexOf(check.need))
  return checks.toSorted((a, b) => rank(a) - rank(b))
}
