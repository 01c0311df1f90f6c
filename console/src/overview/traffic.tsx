import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { duration, labelOf, number } from '../parts/format.ts'

/** Whether Lanekeeper keeps up: changes of the last day, and tasks in the CRMs. */
export function Traffic({ overview }: { overview: Overview }) {
  const { events, tasks } = overview
  const skipped = events.skipped.reduce((sum, reason) => sum + reason.n, 0)
  const reasons = events.skipped.map((reason) => `${labelOf(reason.reason)}: ${number(reason.n)}`)
  const behind = events.lagMs !== null && `${duration(events.lagMs)} behind, ${number(events.waiting)} waiting`
  const unsure = [
    tasks.waitingToBeWritten > 0 && `${number(tasks.waitingToBeWritten)} being written`,
    tasks.outcomeUnknown > 0 && `${number(tasks.outcomeUnknown)} unconfirmed`,
  ]
  return (
    <>
      <h2 className="second">Changes, last 24 hours</h2>
      <FactList>
        <FactRow label="Received">{number(events.received)}</FactRow>
        <FactRow label="Applied">{number(events.applied)}</FactRow>
        <FactRow label="Duplicates">{number(events.duplicate)}</FactRow>
        <FactRow label="Skipped">
          <span title={reasons.join(', ')}>{number(skipped)}</span>
        </FactRow>
        <FactRow label="Lag">{behind || 'Up to date'}</FactRow>
        <FactRow label="Records to decide">{number(events.recordsToDecide)}</FactRow>
        <FactRow label="Tasks in the CRMs">
          {[`${number(tasks.open)} open`, ...unsure].filter(Boolean).join(', ')}
        </FactRow>
      </FactList>
    </>
  )
}
