import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { PeopleReply, PlaceView, WorkflowPlaces } from '../../../src/api/people/people-types.ts'
import { number, plural } from '../parts/format.ts'
import { Cast } from './cast.tsx'
import { NameDialog } from './name-dialog.tsx'
import { placeName } from './people-search.ts'
import { useWanted } from './use-wanted.ts'

type Props = {
  readonly people: PeopleReply
  /** All jobs of this one, also those that somebody holds. Null: what is vacant, of every workflow. */
  readonly only: WorkflowPlaces | null
}

/** Jobs that nobody holds, by workflow: what usually breaks without each, and who can name somebody. */
export function VacantJobs({ people, only }: Props) {
  const workflows = only ? [only] : people.workflows.filter(({ places }) => places.some(({ isVacant }) => isVacant))
  if (workflows.length === 0) return null
  return (
    <section aria-labelledby="vacant">
      <h2 id="vacant" className="section">
        {only ? 'Jobs' : 'Vacant jobs'}
      </h2>
      <Stack gap="sm">
        {workflows.map((workflow) => (
          <Workflow key={workflow.workflow} workflow={workflow} people={people} showsAll={only !== null} />
        ))}
      </Stack>
    </section>
  )
}

/** One vacant job is named by hand; of several there is a proposal. */
const CAST_FROM = 2

type WorkflowProps = { workflow: WorkflowPlaces; people: PeopleReply; showsAll: boolean }

function Workflow({ workflow, people, showsAll }: WorkflowProps) {
  const vacant = workflow.places.filter(({ isVacant }) => isVacant)
  const shown = showsAll ? workflow.places.toSorted((a, b) => Number(b.isVacant) - Number(a.isVacant)) : vacant
  const id = `vacant-${workflow.workflow}`
  const open = vacant.filter(({ offered }) => offered.every(({ deputy }) => deputy))
  return (
    <Paper component="article" aria-labelledby={id}>
      <Group justify="space-between" mb={4}>
        <Text renderRoot={(props) => <h3 {...props} />} id={id} fz={15} fw={640} m={0}>
          {workflow.title}
        </Text>
        <Group gap={12}>
          {vacant.length > 0 && <span className="late">{plural(vacant.length, 'vacant job')}</span>}
          {!showsAll && (
            <Link to="/people" search={{ workflow: workflow.workflow }} aria-label={`All jobs of ${workflow.title}`}>
              All jobs
            </Link>
          )}
        </Group>
      </Group>
      {open.length >= CAST_FROM && open.some(({ canAppoint }) => canAppoint) && <Cast workflow={workflow} />}
      <ul className="rows">
        {shown.map((place) => (
          <Place key={placeName(place)} place={place} workflow={workflow} people={people} />
        ))}
      </ul>
    </Paper>
  )
}

type PlaceProps = { place: PlaceView; workflow: WorkflowPlaces; people: PeopleReply }

function Place({ place, workflow, people }: PlaceProps) {
  const [isNaming, setNaming] = useState(false)
  const search = useSearch({ from: '/people' })
  const wanted = useWanted<HTMLLIElement>(search.workflow === workflow.workflow && search.place === placeName(place))
  return (
    <li {...wanted}>
      <Group justify="space-between" gap="6px 14px" align="flex-start" className="vacancy">
        <div className="vacancy-text">
          <strong>{capital(place.title)}</strong>{' '}
          <span className="quiet">about {number(place.minutesAWeek)} min a week (assumed)</span>
          <Standing place={place} />
          {!place.canAppoint && place.isVacant && <p className="quiet">{whoNames(place)}</p>}
        </div>
        {place.canAppoint && (
          <Button
            size="xs"
            variant="default"
            onClick={() => setNaming(true)}
            aria-label={`Name somebody: ${place.title} of ${workflow.title}`}
          >
            Name somebody
          </Button>
        )}
      </Group>
      <NameDialog
        place={place}
        workflow={workflow}
        people={people}
        opened={isNaming}
        onClose={() => setNaming(false)}
      />
    </li>
  )
}

/** Who holds it and who is asked; where nobody does, what breaks without it. */
function Standing({ place: { isVacant, holders, deputies, offered, last, without } }: { place: PlaceView }) {
  const asked = offered.filter(({ deputy }) => !deputy).map(({ name }) => name)
  const held = isVacant ? '' : sentences(holders, deputies)
  return (
    <>
      {held && <p>{held}</p>}
      {asked.length > 0 && (
        <p>
          {inWords(asked)} {asked.length === 1 ? 'is' : 'are'} asked and has not answered yet.
        </p>
      )}
      {isVacant && asked.length === 0 && (
        <p>
          {last && `${last} `}
          {without}
        </p>
      )}
    </>
  )
}

function sentences(holders: PlaceView['holders'], deputies: PlaceView['deputies']): string {
  const names = holders.map(({ name }) => name).join(', ')
  return deputies.length === 0 ? names : `${names}. Deputy: ${deputies.map(({ name }) => name).join(', ')}`
}

function whoNames({ appointers, lane }: PlaceView): string {
  if (appointers.length === 0 && lane !== 'workflow') return 'The workflow owner names somebody: fill that job first.'
  if (appointers.length === 0)
    return 'Nobody can name somebody now. Make an admin on the server: lanekeeper admin EMAIL.'
  return `${inWords(appointers.map(({ name }) => name))} can name somebody.`
}

function inWords(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
