import { Button, NativeSelect, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Pausable, PauseBody, Scope } from '../../../src/api/control/control-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { queryClient, send } from '../server/api.ts'

type Props = { pausable: Pausable; opened: boolean; onClose: () => void }

/** The second tap. What to stop and why are filled in or may be left: who has to stop something must not look for words. */
export function PauseDialog({ pausable, opened, onClose }: Props) {
  const { title, may, branches } = pausable
  const [branch, setBranch] = useState('')
  const [reason, setReason] = useState('')
  const isPause = may === 'pause'
  const act = useMutation({
    mutationFn: (body: PauseBody) => send(`/api/console/${isPause ? 'pauses' : 'pause-requests'}`, body),
    onSuccess: async () => {
      onClose()
      setReason('')
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  return (
    <Dialog title={isPause ? `Pause ${title}?` : `Ask for a pause of ${title}?`} opened={opened} onClose={onClose}>
      <Stack gap="md">
        <Consequences isPause={isPause} />
        {branches.length > 0 && (
          <NativeSelect
            label="What to pause"
            size="md"
            value={branch}
            onChange={({ currentTarget }) => setBranch(currentTarget.value)}
            data={[
              { value: '', label: 'The whole workflow' },
              ...branches.map((value) => ({ value, label: `Only branch ${value}` })),
            ]}
          />
        )}
        <Textarea
          label="Reason (optional)"
          size="md"
          maxLength={1_000}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <DialogActions error={act.error} onCancel={onClose} isLarge>
          <Button
            className="control-act"
            size="md"
            data-autofocus
            loading={act.isPending}
            onClick={() => act.mutate({ scope: scopeOf(pausable, branch), reason })}
          >
            {isPause ? 'Pause now' : 'Ask now'}
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}

function scopeOf({ scope }: Pausable, branch: string): Scope {
  if (scope.kind !== 'workflow' || branch === '') return scope
  return { kind: 'branch', workflow: scope.workflow, branch }
}

function Consequences({ isPause }: { isPause: boolean }) {
  if (!isPause) {
    return (
      <p>
        The people who can pause it see your request here. If none of them answers within one business hour, Lanekeeper
        pauses it.
      </p>
    )
  }
  return (
    <ul className="bullets">
      <li>Automatic owner changes stop at once. They wait until you resume.</li>
      <li>Tasks for people go on, and Lanekeeper keeps receiving and deciding changes.</li>
    </ul>
  )
}
