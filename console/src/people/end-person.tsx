import { Button } from '@mantine/core'
import { useState } from 'react'
import type { PersonView } from '../../../src/api/people/people-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { usePeopleAct } from './use-people-act.ts'

/** Somebody no longer works here. Says before what ends with them. */
export function EndPerson({ person: { id, name, jobs } }: { person: PersonView }) {
  const [isAsking, setAsking] = useState(false)
  const end = usePeopleAct<void>(`/${id}/end`, () => setAsking(false))
  const held = jobs.filter(({ state }) => state === 'accepted')
  return (
    <>
      <Button size="compact-sm" variant="subtle" onClick={() => setAsking(true)} aria-label={`End access: ${name}`}>
        End access
      </Button>
      <Dialog title={`End the access of ${name}?`} opened={isAsking} onClose={() => setAsking(false)}>
        <p>
          {name} is signed out, and their offers, absences and the machine tokens that they answer for end.
          {held.length > 0 &&
            ` These jobs become vacant: ${held.map(({ title, workflowTitle }) => `${title} of ${workflowTitle}`).join(', ')}.`}
        </p>
        <DialogActions error={end.error} onCancel={() => setAsking(false)} mt="md">
          <Button color="red.8" loading={end.isPending} onClick={() => end.mutate()}>
            End access
          </Button>
        </DialogActions>
      </Dialog>
    </>
  )
}
