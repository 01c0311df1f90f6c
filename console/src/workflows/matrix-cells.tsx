import { Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { LaneCell, MatrixReply } from '../../../src/api/workflows/matrix-types.ts'
import { ClassBadge, PostureMark } from '../cases/case-marks.tsx'
import { due, labelOf, plural } from '../parts/format.ts'
import { useNow } from '../server/live.ts'
import { PersonCell } from './person-cell.tsx'

type Row = MatrixReply['rows'][number]

const KINDS_SHOWN_MAX = 3

/** The class by shape and word, and what leads to it. */
export function Kind({ row: { class: name, kinds } }: { row: Row }) {
  const rest = kinds.length - KINDS_SHOWN_MAX
  return (
    <>
      <ClassBadge name={name} />
      <span className="kinds" title={kinds.slice(KINDS_SHOWN_MAX).join(', ')}>
        {kinds.length === 0 ? 'Nothing leads here' : kinds.slice(0, KINDS_SHOWN_MAX).join(', ')}
        {rest > 0 && `, +${rest}`}
      </span>
    </>
  )
}

export function Meanwhile({ row: { posture, because } }: { row: Row }) {
  return (
    <Tooltip label={because} multiline w={260} events={{ hover: true, focus: true, touch: true }}>
      <button type="button" className="plain" aria-label={`${labelOf(posture)}: ${because}`}>
        <PostureMark name={posture} />
      </button>
    </Tooltip>
  )
}

type RulesProps = {
  row: Row
  boundary: LaneCell
  workflow: string
  isWorst: boolean
  /** The row above names the same boundary owner in full. */
  isRepeated?: boolean
}

/** How far rules decide, and who says so. */
export function RulesDecide({ row: { rules }, boundary, workflow, isWorst, isRepeated = false }: RulesProps) {
  return (
    <>
      {rules.branches.length === 0 ? (
        <span>{rules.says}</span>
      ) : (
        <a href="#branches" title={rules.branches.map(labelOf).join(', ')}>
          {rules.says}
        </a>
      )}
      {rules.says !== 'Never' && isRepeated && <Again boundary={boundary} />}
      {rules.says !== 'Never' && !isRepeated && <PersonCell cell={boundary} workflow={workflow} isWorst={isWorst} />}
    </>
  )
}

/** The same people as in the row above, by name alone. */
function Again({ boundary: { isVacant, people } }: { boundary: LaneCell }) {
  if (isVacant) return <span className="small quiet">Vacant, as above</span>
  return <span className="small quiet">{people.map(({ name }) => name).join(', ')}</span>
}

export function Open({ workflow, row }: { workflow: string; row: Row }) {
  const now = useNow()
  const { cases, causes, overdue, firstDueAt } = row.open
  if (cases === 0) return <span className="quiet">None</span>
  const { text, late } = firstDueAt === null ? { text: '', late: false } : due(firstDueAt, now)
  return (
    <>
      <Link to="/cases" search={{ workflow, class: row.class }}>
        {plural(causes, 'cause')}
      </Link>
      <span className="small quiet">{plural(cases, 'case')}</span>
      <span className={late ? 'small late' : 'small quiet'}>
        {overdue > 1 ? `${overdue} overdue, oldest by ${text.replace(' overdue', '')}` : text}
      </span>
    </>
  )
}
