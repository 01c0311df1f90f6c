import { Button, Group, Loader, SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { JobView, PeopleReply, WorkflowPlaces } from '../../../src/api/people/people-types.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { peopleQuery } from '../server/people-queries.ts'
import { ForYou } from './for-you.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import { PersonCard } from './person-card.tsx'
import { TellByHand } from './tell-by-hand.tsx'
import { VacantJobs } from './vacant-jobs.tsx'

/** Who does what: what waits for you, what nobody holds, and everybody. */
export function PeoplePage() {
  const { data, error, refetch } = useQuery(peopleQuery)
  const [isInviting, setInviting] = useState(false)
  const search = useSearch({ from: '/people' })
  const only = data?.workflows.find(({ workflow }) => workflow === search.workflow) ?? null
  return (
    <>
      <Group justify="space-between" align="center" mb="sm">
        <h1>People</h1>
        <Group gap={14}>
          <Link to="/acts">Who did what</Link>
          {data?.you.isAdmin && <Button onClick={() => setInviting(true)}>Invite somebody</Button>}
        </Group>
      </Group>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading people" />}
      {data && (
        <Stack gap={22}>
          <ForYou people={data} />
          <TellByHand people={data} />
          <FirstSteps people={data} onInvite={() => setInviting(true)} />
          {only && (
            <p className="only">
              Only {only.title}. <Link to="/people">Show all workflows</Link>
            </p>
          )}
          <VacantJobs people={data} only={only} />
          <Everybody people={data} only={only} />
        </Stack>
      )}
      <InviteDialog opened={isInviting} onClose={() => setInviting(false)} />
    </>
  )
}

type EverybodyProps = { people: PeopleReply; only: WorkflowPlaces | null }

function Everybody({ people, only }: EverybodyProps) {
  const isOf = ({ workflow, state }: JobView) => workflow === only?.workflow && state !== 'ended'
  const here = people.people.filter(({ endedAt, jobs }) => endedAt === null && (only === null || jobs.some(isOf)))
  if (here.length === 0) return null
  return (
    <section aria-labelledby="everybody">
      <h2 id="everybody" className="section">
        {only === null ? 'Everybody' : 'Everybody with a job in it'} <span className="quiet">{here.length}</span>
      </h2>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
        {here.map((person) => (
          <PersonCard key={person.id} person={person} people={people} />
        ))}
      </SimpleGrid>
    </section>
  )
}

/** An installation in which nobody has a job yet: what to do, in order. */
function FirstSteps({ people, onInvite }: { people: PeopleReply; onInvite: () => void }) {
  const hasJobs = people.people.some(({ jobs }) => jobs.some(({ state }) => state !== 'ended'))
  if (hasJobs) return null
  const others = people.people.filter(({ isYou, endedAt }) => !isYou && endedAt === null)
  if (!people.hasConnection) {
    return (
      <EmptyState
        title="Nobody has a job yet"
        action={
          <Button component={Link} to="/connections">
            Connect a CRM
          </Button>
        }
      >
        Connect a CRM first. Then you invite people from its users, and name one of them workflow owner.
      </EmptyState>
    )
  }
  if (others.length === 0 && people.you.isAdmin) {
    return (
      <EmptyState title="Nobody has a job yet" action={<Button onClick={onInvite}>Invite somebody</Button>}>
        Invite the people who work with your CRM. Two are enough for a pilot, three to go live. Then name one of them
        workflow owner; they name the others.
      </EmptyState>
    )
  }
  return (
    <EmptyState title="Nobody has a job yet">
      {people.you.isAdmin
        ? 'Name a workflow owner below. When they accept, they name the others. Until then workflows only observe.'
        : 'An admin names the workflow owner first, who names the others. Until then workflows only observe.'}
    </EmptyState>
  )
}
