import { Button, Group, Stack } from '@mantine/core'
import { useState } from 'react'
import type { JobView, PeopleReply, PersonLinkReply, PersonView } from '../../../src/api/people/people-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { usePeopleAct } from './use-people-act.ts'

type Untold = { readonly person: PersonView; readonly jobs: readonly JobView[] }

/** Offers that neither a task nor a mail can bring to their person: an admin has to, with a link. */
export function TellByHand({ people }: { people: PeopleReply }) {
  const untold = people.people
    .map((person): Untold => ({ person, jobs: person.jobs.filter(({ told }) => told.some(({ by }) => by === 'hand')) }))
    .filter(({ person, jobs }) => jobs.length > 0 && !person.isYou)
  if (untold.length === 0) return null
  return (
    <Notice tone="warn" title="Tell them yourself">
      <p>
        Lanekeeper cannot reach these people: they are not active users of a CRM that Lanekeeper writes to
        {people.hasMail ? ', and no address is known' : ', and no mail server is set'}.
      </p>
      <Stack gap={10} mt={6} w="100%">
        {untold.map((one) => (
          <Person key={one.person.id} untold={one} canLink={people.you.isAdmin} />
        ))}
      </Stack>
    </Notice>
  )
}

function Person({ untold: { person, jobs }, canLink }: { untold: Untold; canLink: boolean }) {
  const [link, setLink] = useState<PersonLinkReply | null>(null)
  const make = usePeopleAct<void, PersonLinkReply>(`/${person.id}/link`, setLink)
  return (
    <div>
      <Group justify="space-between" gap={8}>
        <span>
          <strong>{person.name}</strong>:{' '}
          {jobs.map(({ title, workflowTitle }) => `${title} of ${workflowTitle}`).join(', ')}
        </span>
        {canLink && link === null && (
          <Button size="xs" variant="default" loading={make.isPending} onClick={() => make.mutate()}>
            Make a link for {person.name}
          </Button>
        )}
      </Group>
      {make.error && <ProblemNotice error={make.error} />}
      {link && (
        <>
          <CopyField label={`Sign-in link for ${person.name}`} value={link.url} />
          <p className="quiet small">
            Works once, for {link.hours} hours. A link is a weak sign-in: it shows the offer, and accepting needs a code
            or your sign-in provider.
          </p>
        </>
      )}
    </div>
  )
}
