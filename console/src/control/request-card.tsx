import { Button, Group, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { RequestView } from '../../../src/api/control/control-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { exact, since } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

const isChanged = () => queryClient.invalidateQueries({ queryKey: ['console'] })

/** Somebody asked for a pause: whoever may pause says yes or no, and without an answer Lanekeeper pauses. */
export function RequestCard({ request }: { request: RequestView }) {
  const now = useNow()
  const [isDeclining, setDeclining] = useState(false)
  const { title, askedBy, at, reason, dueAt, scope, mayPause } = request
  const pause = useMutation({
    mutationFn: () => send('/api/console/pauses', { scope, reason }),
    onSuccess: isChanged,
  })
  return (
    <Notice tone="warn" title={`${askedBy} asks for a pause: ${title}`}>
      <p>
        Asked {since(at, now)}. Without an answer, Lanekeeper pauses it at {exact(dueAt)}.
      </p>
      {reason && <p>{reason}</p>}
      {mayPause && (
        <Group gap={8} mt="xs">
          <Button className="control-act" size="md" loading={pause.isPending} onClick={() => pause.mutate()}>
            Pause now
          </Button>
          <Button className="control-act" size="md" variant="default" onClick={() => setDeclining(true)}>
            Keep it running
          </Button>
        </Group>
      )}
      {pause.error && <ProblemNotice error={pause.error} />}
      <DeclineDialog request={request} opened={isDeclining} onClose={() => setDeclining(false)} />
    </Notice>
  )
}

type Props = { request: RequestView; opened: boolean; onClose: () => void }

function DeclineDialog({ request: { id, title, askedBy }, opened, onClose }: Props) {
  const [reason, setReason] = useState('')
  const decline = useMutation({
    mutationFn: () => send(`/api/console/pause-requests/${id}/decline`, { reason }),
    onSuccess: async () => {
      onClose()
      await isChanged()
    },
  })
  return (
    <Dialog title={`Keep ${title} running?`} opened={opened} onClose={onClose}>
      <Stack gap="md">
        <Textarea
          label={`What you tell ${askedBy}`}
          size="md"
          maxLength={1_000}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <DialogActions error={decline.error} onCancel={onClose} isLarge>
          <Button
            className="control-act"
            size="md"
            disabled={reason.trim() === ''}
            loading={decline.isPending}
            onClick={() => decline.mutate()}
          >
            Keep it running
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}
