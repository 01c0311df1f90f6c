import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { PeopleReply, PersonView } from '../../../src/api/people/people-types.ts'
import { day, number, plural } from '../parts/format.ts'
import { AwayDialog } from './away-dialog.tsx'
import { EndPerson } from './end-person.tsx'
import { Identities } from './identities.tsx'
import { OpenJob, PastJob } from './person-job.tsx'
import { useWanted } from './use-wanted.ts'

/** One person: what they hold, what they are asked, whether they are away, how much waits for them, and who they are. */
export function PersonCard({ person, people }: { person: PersonView; people: PeopleReply }) {
  const [isSettingAway, setSettingAway] = useState(false)
  const { id, name, isYou, isAdmin, jobs } = person
  const open = jobs.filter(({ state }) => state !== 'ended')
  const past = jobs.filter(({ state }) => state === 'ended')
  const heading = `person-${id}`
  const wanted = useWanted<HTMLElement>(useSearch({ from: '/people' }).person === id)
  return (
    <Paper component="article" aria-labelledby={heading} className="person" {...wanted}>
      <Stack gap={8}>
        <Group justify="space-between" gap={8} wrap="nowrap" align="flex-start">
          <Group gap="4px 8px">
            <Text renderRoot={(props) => <h3 {...props} />} id={heading} fz={15} fw={640} m={0}>
              {name}
            </Text>
            {isYou && <Badge variant="light">You</Badge>}
            {isAdmin && (
              <Badge variant="default" title="Connects CRMs and invites people">
                Admin
              </Badge>
            )}
            <Away person={person} />
          </Group>
          <Group gap={4} wrap="nowrap">
            {people.you.isAdmin && !isYou && <EndPerson person={person} />}
            {(isYou || people.you.isAdmin) && (
              <Button
                size="compact-sm"
                variant="subtle"
                onClick={() => setSettingAway(true)}
                aria-label={`Set away: ${name}`}
              >
                Set away
              </Button>
            )}
          </Group>
        </Group>
        {open.length === 0 ? (
          <p className="quiet">No job.</p>
        ) : (
          <ul className="rows">
            {open.map((job) => (
              <OpenJob key={job.id} job={job} isYours={isYou} />
            ))}
          </ul>
        )}
        <Load person={person} />
        <Identities person={person} people={people} />
        {past.length > 0 && (
          <details>
            <summary>{plural(past.length, 'earlier job')}</summary>
            <ul className="rows">
              {past.map((job) => (
                <PastJob key={job.id} job={job} />
              ))}
            </ul>
          </details>
        )}
      </Stack>
      <AwayDialog person={person} people={people} opened={isSettingAway} onClose={() => setSettingAway(false)} />
    </Paper>
  )
}

function Away({ person: { away } }: { person: PersonView }) {
  const [next] = away
  if (next === undefined) return null
  const days =
    next.from === next.until
      ? day(`${next.from}T12:00`)
      : `${day(`${next.from}T12:00`)} to ${day(`${next.until}T12:00`)}`
  const who = next.delegate === null ? '' : `, ${next.delegate.name} acts for them`
  return (
    <span className={next.isNow ? 'late' : 'quiet'}>
      {next.isNow ? `Away until ${day(`${next.until}T12:00`)}` : `Away ${days}`}
      {who}
    </span>
  )
}

function Load({ person: { load } }: { person: PersonView }) {
  return (
    <p className="quiet">
      {plural(load.openTasks, 'open task')}
      {load.minutesAWeek > 0 && (
        <span title="Cases a week times minutes a case. Nobody has measured the minutes yet.">
          , about {number(load.minutesAWeek)} min a week (assumed)
        </span>
      )}
    </p>
  )
}
