import { Button, Group, Progress } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApplicationView, BacklogView, StopReply } from '../../../src/api/workflows/backlog-types.ts'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { exact, number, plural } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { ApplyDialog, versionText } from './apply-dialog.tsx'

type Props = Pick<WorkflowView, 'workflow' | 'backlog' | 'application'>

/** Records that nothing has happened to and that a new version would change: they wait until a person applies it to them. */
export function WorkflowBacklog({ workflow, backlog, application }: Props) {
  if (application?.state === 'running') return <Applying {...{ workflow, backlog, application }} />
  return (
    <>
      {backlog && <Waiting {...{ workflow, backlog, application }} />}
      {!backlog && application && <Ended application={application} />}
    </>
  )
}

function Waiting({ workflow, backlog, application }: Props & { backlog: BacklogView }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <Notice tone="warn" title={`${plural(backlog.waiting, 'record')} would be changed by ${versionText(backlog)}`}>
      <p>
        These records have not changed since it came into force, so their owners stay until you apply it to them.
        Records that change are updated at once.
      </p>
      {application && <p className="quiet">{lastText(application)}</p>}
      <Button size="xs" mt="xs" onClick={() => setIsOpen(true)}>
        Apply to backlog…
      </Button>
      <ApplyDialog workflow={workflow} opened={isOpen} onClose={() => setIsOpen(false)} />
    </Notice>
  )
}

function Applying({ workflow, backlog, application }: Props & { application: ApplicationView }) {
  const stop = useMutation({
    mutationFn: () => send<StopReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/backlog/stop`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const { cap, perHour, written, underWay, remaining, refused, startedBy, startedAt, endsAt } = application
  const others = (backlog?.waiting ?? 0) - remaining
  return (
    <Notice title={`Applying a version to the backlog: ${number(written)} of ${plural(cap, 'record')} written`}>
      <Progress
        w="100%"
        my={6}
        value={((written + refused) / cap) * 100}
        bg="var(--line)"
        aria-label="Records written"
      />
      <p>
        {number(underWay)} under way, {number(remaining)} waiting, {number(refused)} refused by the CRM. At most{' '}
        {number(perHour)} an hour{endsAt && remaining > 0 && <>, so until about {exact(endsAt)}</>}.
      </p>
      <p className="quiet">
        Started by {startedBy}, {exact(startedAt)}.
        {others > 0 &&
          ` ${plural(others, 'more record waits', 'more records wait')} and ${others === 1 ? 'is' : 'are'} not part of it.`}
      </p>
      <Group mt="xs">
        <Button size="xs" variant="default" loading={stop.isPending} onClick={() => stop.mutate()}>
          Stop now
        </Button>
      </Group>
      {stop.error && <ProblemNotice error={stop.error} />}
    </Notice>
  )
}

function Ended({ application }: { application: ApplicationView }) {
  return (
    <p className="quiet">
      {lastText(application)}
      {application.underWay > 0 && ` ${plural(application.underWay, 'write has', 'writes have')} no answer yet.`}
    </p>
  )
}

function lastText({ state, written, refused, startedBy, endedBy, endedAt }: ApplicationView): string {
  const at = endedAt === null ? '' : `, ${exact(endedAt)}`
  const counts = `${plural(written, 'record')} written${refused > 0 ? `, ${number(refused)} refused by the CRM` : ''}`
  switch (state) {
    case 'stopped':
      return `${endedBy} stopped the last application to the backlog${at}: ${counts}.`
    case 'superseded':
      return `The last application to the backlog ended because another version came: ${counts}.`
    default:
      return `${startedBy} applied a version to the backlog; it ended${at}: ${counts}.`
  }
}
