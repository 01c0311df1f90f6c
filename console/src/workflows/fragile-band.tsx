import { Link } from '@tanstack/react-router'
import type { MatrixReply } from '../../../src/api/workflows/matrix-types.ts'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { shortDay } from '../parts/format.ts'

/** Readiness found that too much rests on one person: who, how much, and until when that may be a pilot. */
export function FragileBand({ workflow, matrix }: { workflow: WorkflowView; matrix: MatrixReply }) {
  const fragile = workflow.problems.find(({ kind }) => kind === 'fragile')
  const most = mostHeld(matrix)
  if (fragile === undefined || most === null) return null
  const until = fragile.writesEndAt === null ? '' : pilotUntil(fragile.writesEndAt)
  return (
    <p className="fragile">
      <strong>
        Fragile: {most.name} holds {most.held} of {most.all} jobs.
      </strong>{' '}
      One absence stops the workflow.{until}{' '}
      <Link className="not-printed" to="/people" search={{ workflow: workflow.workflow }}>
        Name somebody else for one of them
      </Link>
    </p>
  )
}

function pilotUntil(end: string): string {
  if (Date.parse(end) > Date.now()) return ` It may be a pilot until ${shortDay(end)}.`
  return ` Its pilot ended on ${shortDay(end)}: it only observes until somebody else takes one of these jobs.`
}

/** Who holds most of the jobs, the circles of reviewers counted as one. */
function mostHeld({ lanes }: MatrixReply) {
  const held = new Map<string, { name: string; lanes: Set<string> }>()
  for (const { lane, people } of lanes) {
    for (const { personId, name, state } of people) {
      if (state !== 'accepted') continue
      const known = held.get(personId ?? name) ?? { name, lanes: new Set() }
      known.lanes.add(lane)
      held.set(personId ?? name, known)
    }
  }
  const most = [...held.values()].sort((a, b) => b.lanes.size - a.lanes.size)[0]
  const all = new Set(lanes.map(({ lane }) => lane)).size
  return most === undefined ? null : { name: most.name, held: most.lanes.size, all }
}
