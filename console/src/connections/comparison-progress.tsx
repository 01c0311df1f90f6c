import { Paper, Progress } from '@mantine/core'
import type { LedgerCheck } from '../../../src/api/sync-status/sync-status-types.ts'
import { number, objectLabel } from '../parts/format.ts'

/** How far the comparison with the CRM is. */
export function ComparisonProgress({ check }: { check: LedgerCheck }) {
  const object = objectLabel(check.objectType ?? '')
  return (
    <Paper withBorder={false} bg="var(--ground)" px={14} py={12}>
      <p>
        <strong>{check.state === 'asked' ? 'Comparison starts soon' : `Comparing ${object}`}</strong>{' '}
        {check.state === 'running' && <span className="quiet">{phaseText(check)}</span>}
      </p>
      {check.state === 'running' && (
        <Progress my={6} value={shareOf(check)} bg="var(--line)" aria-label={`Comparison of ${object}`} />
      )}
      <p className="quiet">
        {check.problem
          ? `${check.problem} The comparison continues by itself.`
          : 'Runs in the background, after urgent calls.'}
      </p>
    </Paper>
  )
}

function shareOf({ phase, records, ofTotal }: LedgerCheck): number {
  if (phase !== 'read') return 100
  return ofTotal ? Math.min(99, Math.floor((100 * records) / ofTotal)) : 0
}

function phaseText({ phase, records, ofTotal }: LedgerCheck): string {
  if (phase === 'extra') return 'looking for records deleted in the CRM'
  if (phase === 'look') return 'rechecking the differences'
  return ofTotal ? `${number(records)} of ${number(ofTotal)} read` : `${number(records)} read`
}
