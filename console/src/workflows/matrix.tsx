import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import type { KeyboardEvent } from 'react'
import type { LaneCell, MatrixReply } from '../../../src/api/workflows/matrix-types.ts'
import { laneKey, laneOf, worstLane } from './lanes.ts'
import { MatrixCards } from './matrix-cards.tsx'
import { Kind, Meanwhile, Open, RulesDecide } from './matrix-cells.tsx'
import { PersonCell } from './person-cell.tsx'

/** The picture that a room looks at: five classes by who reviews, overrides, escalates, pauses and decides the rules. */
export function Matrix({ matrix }: { matrix: MatrixReply }) {
  const isNarrow = useMediaQuery('screen and (max-width: 900px)', window.innerWidth <= 900)
  const isEmpty = matrix.lanes.every(({ people }) => people.length === 0)
  return (
    <section aria-labelledby="matrix-title" className="matrix">
      <h2 id="matrix-title">Who owns the mess</h2>
      {isNarrow ? <MatrixCards matrix={matrix} /> : <MatrixTable matrix={matrix} />}
      {isEmpty && (
        <Button mt="sm" renderRoot={(props) => <Link {...props} to="/people" search={{ workflow: matrix.workflow }} />}>
          See whom to ask
        </Button>
      )}
    </section>
  )
}

const COLUMNS = ['Kind', 'Meanwhile', 'Reviews', 'Overrides', 'Escalates to', 'Pauses', 'Rules decide', 'Open'] as const

function MatrixTable({ matrix }: { matrix: MatrixReply }) {
  const worst = worstLane(matrix.lanes)
  const boundary = laneOf(matrix, 'boundary')
  return (
    <table onKeyDown={moveFocus} className="matrix-table">
      <colgroup>
        <col className="kind" />
        <col className="meanwhile" />
        <col span={6} />
      </colgroup>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {matrix.rows.map((row, place) => (
          <tr key={row.class} className={isDimmed(row) ? 'dimmed' : undefined}>
            <th scope="row">
              <Kind row={row} />
            </th>
            <td>
              <Meanwhile row={row} />
            </td>
            <Merged matrix={matrix} place={place} of={(one) => laneOf(matrix, 'review', one.circle)} worst={worst} />
            <Merged matrix={matrix} place={place} of={() => laneOf(matrix, 'override')} worst={worst} />
            <Merged matrix={matrix} place={place} of={() => laneOf(matrix, 'workflow')} worst={worst} />
            <Merged matrix={matrix} place={place} of={() => laneOf(matrix, 'rollback')} worst={worst} />
            <td>
              <RulesDecide
                row={row}
                boundary={boundary}
                workflow={matrix.workflow}
                isWorst={worst === laneKey(boundary)}
                isRepeated={place > 0 && matrix.rows[place - 1]!.rules.says !== 'Never'}
              />
            </td>
            <td>
              <Open workflow={matrix.workflow} row={row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

type Row = MatrixReply['rows'][number]

/** Nothing leads to this class, and nothing of it is open. */
function isDimmed({ kinds, open }: Row): boolean {
  return kinds.length === 0 && open.cases === 0
}

type MergedProps = { matrix: MatrixReply; place: number; of: (row: Row) => LaneCell; worst: string | null }

/** The same people in consecutive rows are one cell. */
function Merged({ matrix: { rows, workflow }, place, of, worst }: MergedProps) {
  const cell = of(rows[place]!)
  const isSame = (n: number) => rows[n] !== undefined && laneKey(of(rows[n])) === laneKey(cell)
  if (place > 0 && isSame(place - 1)) return null
  let span = 1
  while (isSame(place + span)) span += 1
  return (
    <td rowSpan={span}>
      <PersonCell cell={cell} workflow={workflow} isWorst={laneKey(cell) === worst} />
    </td>
  )
}

/** Arrow keys go from cell to cell; Enter does what the link in the cell does. */
function moveFocus(event: KeyboardEvent<HTMLTableElement>): void {
  const step = STEPS[event.key]
  if (step === undefined) return
  const cell = (event.target as HTMLElement).closest('td, th')
  const places = [...event.currentTarget.querySelectorAll<HTMLElement>('td, th')]
  const from = cell?.getBoundingClientRect()
  if (!from) return
  const next = places
    .filter((place) => place.querySelector('a, button') !== null && isBeyond(from, place.getBoundingClientRect(), step))
    .toSorted((a, b) => distance(from, a.getBoundingClientRect()) - distance(from, b.getBoundingClientRect()))[0]
  const target = next?.querySelector<HTMLElement>('a, button')
  if (!target) return
  event.preventDefault()
  target.focus()
}

const STEPS: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowRight: { x: 1, y: 0 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowDown: { x: 0, y: 1 },
  ArrowUp: { x: 0, y: -1 },
}

/** A merged cell spans several rows, so places are compared by where they are drawn. */
function isBeyond(from: DOMRect, to: DOMRect, { x, y }: { x: number; y: number }): boolean {
  const overlapsRow = to.top < from.bottom && to.bottom > from.top
  const overlapsColumn = to.left < from.right && to.right > from.left
  if (x !== 0) return overlapsRow && (x > 0 ? to.left >= from.right - 1 : to.right <= from.left + 1)
  return overlapsColumn && (y > 0 ? to.top >= from.bottom - 1 : to.bottom <= from.top + 1)
}

function distance(from: DOMRect, to: DOMRect): number {
  return Math.hypot(to.left - from.left, to.top - from.top)
}
