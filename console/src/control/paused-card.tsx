import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { PauseView } from '../../../src/api/control/control-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { number, plural, since } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

/** What is paused: by whom, since when, why, what waits, and what had left before. */
export function PausedCard({ pause }: { pause: PauseView }) {
  const now = useNow()
  const [isAsking, setAsking] = useState(false)
  const { title, by, askedBy, at, reason, stillPaused, mayNotResume } = pause
  const who = by === null ? `by Lanekeeper: ${askedBy} asked, and nobody answered in time` : `by ${by}`
  return (
    <Notice tone="stop" title={`Paused: ${title}`}>
      <p>
        Since {since(at, now)} {who}
      </p>
      {reason && <p>{reason}</p>}
      <p>{waitingText(pause)}</p>
      <Grants grants={pause.grants} />
      {stillPaused.length > 0 && <p>Paused workflows: {stillPaused.join(', ')}</p>}
      {mayNotResume === null ? (
        <Button
          className="control-act"
          size="md"
          mt="xs"
          variant="default"
          aria-label={`Resume: ${title}`}
          onClick={() => setAsking(true)}
        >
          Resume
        </Button>
      ) : (
        <p className="quiet">{mayNotResume}</p>
      )}
      <ResumeDialog pause={pause} opened={isAsking} onClose={() => setAsking(false)} />
    </Notice>
  )
}

function waitingText({ waiting: { n, isMore } }: PauseView): string {
  if (n === 0) return 'No owner change waits.'
  return isMore
    ? `More than ${number(n)} owner changes wait.`
    : `${plural(n, 'owner change waits', 'owner changes wait')}.`
}

/** What had left before the pause cannot be called back: either the CRM has answered, or it is read back. */
function Grants({ grants: { n, answered } }: Pick<PauseView, 'grants'>) {
  if (n === 0) return <p className="quiet">Nothing was on its way when the pause took effect.</p>
  const open = n - answered
  return (
    <p className="quiet">
      {plural(n, 'owner change was', 'owner changes were')} on the way when the pause took effect.{' '}
      {open === 0
        ? 'The CRM has answered for all of them.'
        : `${number(open)} without an answer yet; Lanekeeper reads them back.`}
    </p>
  )
}

type Props = { pause: PauseView; opened: boolean; onClose: () => void }

function ResumeDialog({ pause, opened, onClose }: Props) {
  const { id, title, scope } = pause
  const resume = useMutation({
    mutationFn: () => send(`/api/console/pauses/${id}/resume`),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  return (
    <Dialog title={`Resume ${title}?`} opened={opened} onClose={onClose}>
      <Stack gap="md">
        <p>
          <strong>{waitingText(pause)}</strong>
        </p>
        <ul className="bullets">
          <li>Lanekeeper reads each record again before it writes.</li>
          <li>Records that people assigned meanwhile stay as they are.</li>
          {scope.kind === 'connection' && <li>You resume the workflows that are yours. The others stay paused.</li>}
        </ul>
        <DialogActions error={resume.error} onCancel={onClose} isLarge>
          <Button className="control-act" size="md" loading={resume.isPending} onClick={() => resume.mutate()}>
            Resume
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}
