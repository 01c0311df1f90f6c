import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { LaneCell, LanePerson } from '../../../src/api/workflows/matrix-types.ts'
import { shortDay } from '../parts/format.ts'
import { besides } from './lanes.ts'

/** Shown in one cell; the others are counted. */
const SHOWN_MAX = 2

type Props = { cell: LaneCell; workflow: string; isWorst: boolean }

/** Who holds a lane. A second line stands only under somebody with whom something is not normal. */
export function PersonCell({ cell, workflow, isWorst }: Props) {
  const shown = cell.people.slice(0, SHOWN_MAX)
  const rest = cell.people.length - shown.length
  return (
    <div className={isWorst ? 'lane worst' : 'lane'}>
      {shown.map((person) => (
        <PersonLine key={person.personId ?? person.name} person={person} workflow={workflow} />
      ))}
      {rest > 0 && (
        <Link className="small" to="/people" search={{ workflow, place: placeOf(cell) }}>
          +{rest}
        </Link>
      )}
      {cell.isVacant && (
        <>
          <strong className="vacant">Vacant</strong>
          <span className="small quiet">{cell.people.length === 0 ? cell.question : cell.without}</span>
          <Button
            size="compact-xs"
            variant="default"
            renderRoot={(props) => <Link {...props} to="/people" search={{ workflow, place: placeOf(cell) }} />}
          >
            Name someone
          </Button>
        </>
      )}
    </div>
  )
}

type LineProps = { person: LanePerson; workflow: string }

function PersonLine({ person, workflow }: LineProps) {
  const note = besides(person, shortDay)
  const load = `${person.openTasks} open ${person.openTasks === 1 ? 'task' : 'tasks'}`
  return (
    <Link
      to="/people"
      search={person.personId === null ? { workflow } : { person: person.personId }}
      className={`lane-person ${person.away === null ? person.state : 'away'}`}
      title={load}
    >
      <span className="initials" aria-hidden="true">
        {initialsOf(person.name)}
      </span>
      <span>
        <span className="lane-name">{person.name}</span>
        {note !== null && <span className="lane-note">{note}</span>}
      </span>
    </Link>
  )
}

/** As the page People tells its jobs apart. */
function placeOf({ lane, circle }: LaneCell): string {
  return circle === null ? lane : `${lane}/${circle}`
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '')
  const [first = '', last = ''] = words.length > 1 ? [words[0], words.at(-1)] : words
  return `${first.charAt(0)}${last.charAt(0)}`.toUpperCase()
}
