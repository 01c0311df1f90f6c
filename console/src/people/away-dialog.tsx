import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { AbsenceRequest, PeopleReply, PersonView } from '../../../src/api/people/people-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { usePeopleAct } from './use-people-act.ts'

type Props = {
  readonly person: PersonView
  readonly people: PeopleReply
  readonly opened: boolean
  readonly onClose: () => void
}

/** When somebody is away, and who acts for them. A delegate must hold the same job or be in the same circle. */
export function AwayDialog({ person, people, opened, onClose }: Props) {
  return (
    <Dialog
      title={person.isYou ? 'When are you away?' : `When is ${person.name} away?`}
      opened={opened}
      onClose={onClose}
    >
      <AwayForm person={person} people={people} onClose={onClose} />
    </Dialog>
  )
}

function AwayForm({ person, people, onClose }: Omit<Props, 'opened'>) {
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const [delegateId, setDelegateId] = useState<string | null>(null)
  const set = usePeopleAct<AbsenceRequest>('/absences', onClose)
  const others = people.people
    .filter(({ id, endedAt }) => id !== person.id && endedAt === null)
    .map(({ id, name }) => ({ value: id, label: name }))
  function submit(event: FormEvent) {
    event.preventDefault()
    set.mutate({ personId: person.id, from, until, delegateId })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={14}>
        <Group gap={10} grow>
          <TextInput
            label="First day"
            type="date"
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
            required
          />
          <TextInput
            label="Last day"
            type="date"
            min={from}
            value={until}
            onChange={(e) => setUntil(e.currentTarget.value)}
            required
          />
        </Group>
        <Select
          label="Who acts for them"
          description="Only where they have the same job or are in the same circle: an absence widens no circle."
          placeholder="Deputies and the rest of the circle"
          data={others}
          value={delegateId}
          onChange={setDelegateId}
          searchable
          clearable
        />
        <DialogActions error={set.error} onCancel={onClose}>
          <Button type="submit" loading={set.isPending}>
            Save
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
