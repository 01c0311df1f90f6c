import { Grid, Loader, Text } from '@mantine/core'
import type { AccessCheckView } from '../../../src/api/connections/connect-types.ts'
import { plural } from './format.ts'
import { CheckIcon } from './icons.tsx'

const STATES = {
  works: { text: 'Works', color: 'var(--good)' },
  missing: { text: 'Missing', color: 'var(--late)' },
  unknown: { text: 'Not sure', color: 'var(--class-risky-ink)' },
} as const

/** An optional permission that is missing is no problem. */
const UNUSED = { text: 'Optional', color: 'dimmed' } as const

/** Missing permissions come first, and the required ones of them first of all. */
const NEEDS = ['required', 'needed', 'optional']

/** Each permission that Lanekeeper tried: what you lose without it, and where to grant it. */
export function AccessList({ checks, running = false }: { checks: readonly AccessCheckView[]; running?: boolean }) {
  return (
    <ul className="rows" aria-live="polite" aria-busy={running}>
      {checks.map((check) => (
        <Access key={check.id} check={check} />
      ))}
      {running && (
        <li>
          <Loader size={14} mr="xs" aria-hidden="true" />
          <span className="quiet">Checking the next permission ...</span>
        </li>
      )}
    </ul>
  )
}

function Access({ check }: { check: AccessCheckView }) {
  const { text, color } = check.state === 'missing' && check.need === 'optional' ? UNUSED : STATES[check.state]
  const works = check.state === 'works'
  return (
    <li>
      <Grid gap={8}>
        <Grid.Col span={{ base: 4, xs: 2 }} c={color} fw={620}>
          <CheckIcon name={check.state} /> {text}
        </Grid.Col>
        <Grid.Col span={{ base: 8, xs: 10 }}>
          <Text fw={works ? 400 : 620}>
            {check.title}
            {!works && (
              <Text span size="xs" c="dimmed">
                {' '}
                {check.need}
              </Text>
            )}
          </Text>
          {!works && <p>{check.costs}</p>}
          {!works && check.grant && (
            <p>
              <strong>To grant it:</strong> {check.grant}
            </p>
          )}
          {!works && check.said && <p className="quiet">The CRM's message: {check.said}</p>}
        </Grid.Col>
      </Grid>
    </li>
  )
}

/** "All 12 permissions work", or how many do. */
export function accessSummary(checks: readonly AccessCheckView[]): string {
  const bad = checks.filter((check) => check.state !== 'works')
  if (bad.length === 0) return `All ${plural(checks.length, 'permission')} work`
  const works = `${checks.length - bad.length} of ${plural(checks.length, 'permission')} work`
  return bad.some((check) => check.need === 'required') ? `${works}; a required one is missing` : works
}

export function byUrgency(checks: readonly AccessCheckView[]): AccessCheckView[] {
  const rank = (check: AccessCheckView) => (check.state === 'works' ? 9 : NEEDS.indexOf(check.need))
  return checks.toSorted((a, b) => rank(a) - rank(b))
}
