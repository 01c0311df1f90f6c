import { Button, Checkbox, Select, Stack } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { JobRequest, PeopleReply, PlaceView, WorkflowPlaces } from '../../../src/api/people/people-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { usePeopleAct } from './use-people-act.ts'

type Props = {
  readonly place: PlaceView
  readonly workflow: WorkflowPlaces
  readonly people: PeopleReply
  readonly opened: boolean
  readonly onClose: () => void
}

const HAVE_DEPUTIES = ['override', 'rollback', 'boundary', 'data', 'workflow']

/** Names a person for a job. It is theirs when they accept. */
export function NameDialog({ place, workflow, people, opened, onClose }: Props) {
  return (
    <Dialog title={`Who will be ${place.title} of ${workflow.title}?`} opened={opened} onClose={onClose}>
      <NameForm place={place} workflow={workflow} people={people} onClose={onClose} />
    </Dialog>
  )
}

function NameForm({ place, workflow, people, onClose }: Omit<Props, 'opened'>) {
  const [personId, setPersonId] = useState<string | null>(null)
  const [isDeputy, setDeputy] = useState(false)
  const offer = usePeopleAct<JobRequest>('/jobs', onClose)
  const taken = new Set([...place.holders, ...place.offered].map(({ id }) => id))
  const choices = people.people
    .filter(({ endedAt, id }) => endedAt === null && !taken.has(id))
    .map(({ id, name, isYou }) => ({ value: id, label: isYou ? `${name} (you)` : name }))
  function submit(event: FormEvent) {
    event.preventDefault()
    if (personId === null) return
    const { lane, circle } = place
    offer.mutate({ workflow: workflow.workflow, lane, circle, deputy: isDeputy, personId })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={14}>
        <p>
          {place.question} They get a task or a mail, and the job is theirs when they accept. Without an answer it is
          vacant again after 5 business days.
        </p>
        <Select
          label="Person"
          placeholder={choices.length === 0 ? 'Invite somebody first' : 'Choose a person'}
          data={choices}
          value={personId}
          onChange={setPersonId}
          searchable
          required
          disabled={choices.length === 0}
          nothingFoundMessage="Nobody of this name. Invite them first."
        />
        {HAVE_DEPUTIES.includes(place.lane) && (
          <Checkbox
            label="As deputy: they act while the holder is away"
            checked={isDeputy}
            onChange={(event) => setDeputy(event.currentTarget.checked)}
          />
        )}
        <DialogActions error={offer.error} onCancel={onClose}>
          <Button type="submit" loading={offer.isPending} disabled={personId === null}>
            Ask them
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
