import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { WritingReply, WritingRequest } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { crmName } from '../connect/crms.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { plural, since } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

/** Whether Lanekeeper may write to this CRM. Every connection starts read-only; an admin turns writing on, or pauses it. */
export function ConnectionWriting({ connection }: { connection: ConnectionView }) {
  const now = useNow()
  const [isAsking, setAsking] = useState(false)
  const crm = crmName(connection.crm)
  const change = useMutation({
    mutationFn: (body: WritingRequest) =>
      send<WritingReply>(`/api/console/connections/${encodeURIComponent(connection.id)}/writing`, body),
    onSuccess: async () => {
      setAsking(false)
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  const { writes } = connection
  if (writes) {
    return (
      <Group justify="space-between">
        <p>
          Writing to {crm}{' '}
          <span className="quiet">
            on since {since(writes.since, now)}, {turnedOnBy(writes)}
          </span>
        </p>
        <Button
          size="xs"
          variant="default"
          loading={change.isPending}
          onClick={() => change.mutate({ allowed: false })}
        >
          Pause writing
        </Button>
        {change.error && <ProblemNotice error={change.error} />}
        <NotSent notSent={connection.notSent} />
      </Group>
    )
  }
  return (
    <Notice title={`Read-only: Lanekeeper does not write to ${crm}`}>
      <p>
        Review the <Link to="/cases">cases</Link> first. Turn on writing when they look right.
      </p>
      <Consents writing={connection.writing} />
      <NotSent notSent={connection.notSent} />
      <Button size="xs" mt="xs" onClick={() => setAsking(true)}>
        Turn on writing
      </Button>
      <Dialog title={`Turn on writing to ${connection.title}?`} opened={isAsking} onClose={() => setAsking(false)}>
        <Consequences crm={crm} />
        <p className="quiet">It takes an admin and the owner of each pilot or live workflow here.</p>
        <DialogActions error={change.error} onCancel={() => setAsking(false)} mt="md">
          <Button loading={change.isPending} onClick={() => change.mutate({ allowed: true })}>
            Turn on writing
          </Button>
        </DialogActions>
      </Dialog>
    </Notice>
  )
}

/** Writing takes several people's yes: who gave it, and whom to ask. */
function Consents({ writing }: Pick<ConnectionView, 'writing'>) {
  if (writing === null) return null
  const { given, waitsFor, unowned } = writing
  return (
    <>
      {given.length > 0 && (
        <p>
          {given.join(', ')} approved writing. Still needed: {waitsFor.join(', ')}.
        </p>
      )}
      {unowned.length > 0 && (
        <p className="quiet">
          {unowned.join(', ')}: no one has accepted the job of workflow owner yet, so an admin decides alone.
        </p>
      )}
    </>
  )
}

/** How many writes wait, by what keeps them. */
function NotSent({ notSent }: Pick<ConnectionView, 'notSent'>) {
  return notSent.map(({ reason, says, n }) => (
    <p key={reason} className="quiet">
      {plural(n, 'write')} not sent yet. {says}.
    </p>
  ))
}

function Consequences({ crm }: { crm: string }) {
  return (
    <ul className="bullets">
      <li>Open cases become tasks in {crm}, each assigned to its owner. Cases with the same cause share a task.</li>
      <li>Live workflows may set owners by their rules. Workflows in observe mode still write nothing.</li>
      <li>Pause any time. Existing tasks and owner changes stay.</li>
    </ul>
  )
}

function turnedOnBy({ by, name }: NonNullable<ConnectionView['writes']>): string {
  if (name !== null) return `by ${name}`
  if (by === 'environment') return 'by server settings'
  return by === null ? 'by an admin' : `from the ${by}`
}
