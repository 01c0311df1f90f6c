import { Paper, Stack } from '@mantine/core'
import type { LaneCell, MatrixReply } from '../../../src/api/workflows/matrix-types.ts'
import { laneKey, laneOf, worstLane } from './lanes.ts'
import { Kind, Meanwhile, Open, RulesDecide } from './matrix-cells.tsx'
import { PersonCell } from './person-cell.tsx'

/** The matrix on a phone: a card for each class. */
export function MatrixCards({ matrix }: { matrix: MatrixReply }) {
  const worstOfAll = worstLane(matrix.lanes)
  const firstPlace = Math.max(
    0,
    matrix.rows.findIndex(({ circle }) => worstOfAll === laneKey(laneOf(matrix, 'review', circle))),
  )
  const boundary = laneOf(matrix, 'boundary')
  const { workflow } = matrix
  return (
    <Stack gap={10}>
      {matrix.rows.map((row, place) => {
        // The same people stand in every card; what is wrong is set apart once.
        const worst = place === firstPlace ? worstOfAll : null
        const lanes: readonly (readonly [string, LaneCell])[] = [
          ['Reviews', laneOf(matrix, 'review', row.circle)],
          ['Overrides', laneOf(matrix, 'override')],
          ['Escalates to', laneOf(matrix, 'workflow')],
          ['Pauses', laneOf(matrix, 'rollback')],
        ]
        return (
          <Paper key={row.class} component="article" aria-label={row.class} className="matrix-card">
            <div className="matrix-card-head">
              <Kind row={row} />
            </div>
            <dl>
              <dt>Meanwhile</dt>
              <dd>
                <Meanwhile row={row} />
              </dd>
              {lanes.map(([title, cell]) => (
                <LaneFact key={title} title={title} cell={cell} workflow={workflow} worst={worst} />
              ))}
              <dt>Rules decide</dt>
              <dd>
                <RulesDecide row={row} boundary={boundary} workflow={workflow} isWorst={worst === laneKey(boundary)} />
              </dd>
              <dt>Open</dt>
              <dd className="matrix-open">
                <Open workflow={workflow} row={row} />
              </dd>
            </dl>
          </Paper>
        )
      })}
    </Stack>
  )
}

type FactProps = { title: string; cell: LaneCell; workflow: string; worst: string | null }

function LaneFact({ title, cell, workflow, worst }: FactProps) {
  return (
    <>
      <dt>{title}</dt>
      <dd>
        <PersonCell cell={cell} workflow={workflow} isWorst={worst === laneKey(cell)} />
      </dd>
    </>
  )
}
