import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { FirstSteps } from '../changes/first-steps.tsx'
import { plural } from '../parts/format.ts'
import { EmptyState, Notice } from '../parts/notices.tsx'

/** The next step of the set-up, until it is complete. */
export function SetUp({ overview }: { overview: Overview }) {
  const { connections, baselinesRunning, onlyRead, readOnlyTitles, workflows } = overview.setUp
  if (connections === 0) {
    return (
      <EmptyState
        title="No CRM connected yet"
        action={<Button renderRoot={(props) => <Link to="/connections/new" {...props} />}>Connect a CRM</Button>}
      >
        Connect your CRM to see its cases. Lanekeeper reads first and writes only after you turn on writing.
      </EmptyState>
    )
  }
  if (workflows === 0) {
    return <FirstSteps />
  }
  if (baselinesRunning > 0) {
    return (
      <Notice>
        <p>
          <strong>{plural(baselinesRunning, 'import is', 'imports are')} still running.</strong> These numbers grow
          until all records are read. <Link to="/connections">See progress</Link>
        </p>
      </Notice>
    )
  }
  if (onlyRead === 0) return null
  const names = new Intl.ListFormat('en').format(readOnlyTitles)
  return (
    <Notice>
      <p>
        <strong>
          {names} {onlyRead === 1 ? 'is' : 'are'} read-only.
        </strong>{' '}
        These are the cases we would act on. <Link to="/connections">Turn on writing</Link>
      </p>
    </Notice>
  )
}
