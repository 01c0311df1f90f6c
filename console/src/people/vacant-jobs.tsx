import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { PeopleReply, PlaceView, WorkflowPlaces } from '../../../src/api/people/people-types.ts'
import { plural } from '../parts/format.ts'
import { NameDialog } from './name-dialog.tsx'

/** Jobs that nobody holds, by workflow: what usually breaks without each, and who can name somebody. */
export function VacantJobs({ people }: { people: PeopleReply }) {
  const workflows = people.workflows.filter(({ places }) => places.some(({ isVacant }) => isVacant))
  if (workflows.length === 0) return null
  return (
    <section aria-labelledby="vacant">
      <h2 id="vacant" className="section">
        Vacant jobs
      </h2>
      <Stack gap="sm">
        {workflows.map((workflow) => (
          <Workflow key={workflow.workflow} workflow={workflow} people={people} />
        ))}
      </Stack>
    </section>
  )
}

function Workflow({ workflow, people }: { workflow: WorkflowPlaces; people: PeopleReply }) {
  const vacant = workflow.places.filter(({ isVacant }) => isVacant)
  const id = `vacant-${workflow.workflow}`
  return (
    <Paper component="article" aria-labelledby={id}>
      <Group justify="space-between" mb={4}>
        <Text renderRoot={(props) => <h3 {...props} />} id={id} fz={15} fw={640} m={0}>
          {workflow.title}
        </Text>
        <span className="late">{plural(vacant.length, 'vacant job')}</span>
      </Group>
      <ul className="rows">
        {vacant.map((place) => (
          <Vacancy key={`${place.lane}/${place.circle}`} place={place} workflow={workflow} people={people} />
        ))}
      </ul>
    </Paper>
  )
}

type VacancyProps = { place: PlaceView; workflow: WorkflowPlaces; people: PeopleReply }

function Vacancy({ place, workflow, people }: VacancyProps) {
  const [isNaming, setNaming] = useState(false)
  const asked = place.offered.filter(({ deputy }) => !deputy).map(({ name }) => name)
  return (
    <li>
      <Group justify="space-between" gap="6px 14px" align="flex-start" className="vacancy">
        <div className="vacancy-text">
          <strong>{capital(place.title)}</strong>
          {asked.length > 0 ? (
            <p>
              {inWords(asked)} {asked.length === 1 ? 'is' : 'are'} asked and has not answered yet.
            </p>
          ) : (
            <p>
              {place.last && `${place.last} `}
              {place.without}
            </p>
          )}
          {!place.canAppoint && <p className="quiet">{whoNames(place)}</p>}
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
