import { Group, Loader, Paper, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { AccessList, byUrgency } from '../parts/access-list.tsx'
import { within } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { ApiProblem, draftQuery } from '../server/api.ts'
import { crmName } from './crms.ts'
import { DraftAccount, DraftFields, DraftSlots } from './draft-findings.tsx'
import { DraftStart } from './draft-start.tsx'
import { CheckAgain, DraftAuthorizing, DraftFailed } from './draft-status.tsx'
import { TaskKey } from './task-key.tsx'

/** An unfinished connection: what Lanekeeper found, what is missing, and the button that starts the import. */
export function DraftPage() {
  const { draftId } = useParams({ strict: false }) as { draftId: string }
  const { data: draft, error, refetch } = useQuery(draftQuery(draftId))
  return (
    <Stack gap={14} className="connect">
      <div>
        <p className="crumbs">
          <Link to="/connections">Connections</Link>
        </p>
        <h1 className="flush">{draft ? headline(draft) : 'Connecting'}</h1>
      </div>
      {error && !draft && <Gone error={error} onRetry={() => void refetch()} />}
      {!draft && !error && <Loader className="boot" aria-label="Loading" />}
      {draft && <Draft key={draft.id} draft={draft} />}
    </Stack>
  )
}

function headline(draft: DraftReply): string {
  return draft.access?.identity?.title ?? `Connecting ${crmName(draft.crm)}`
}

function Gone({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!(error instanceof ApiProblem && error.is('not-found'))) return <ProblemNotice error={error} onRetry={onRetry} />
  return (
    <EmptyState title="Unfinished connection not found">
      It was started, discarded, or expired after a day. See <Link to="/connections">Connections</Link> or{' '}
      <Link to="/connections/new">start again</Link>.
    </EmptyState>
  )
}

function Draft({ draft }: { draft: DraftReply }) {
  const { access, status } = draft
  const isChecking = status === 'checking'
  return (
    <>
      <Address draft={draft} />
      {status === 'failed' && <DraftFailed draft={draft} />}
      {status === 'authorizing' && <DraftAuthorizing draft={draft} />}
      {access?.identity && <DraftAccount draft={draft} identity={access.identity} />}
      {(isChecking || (access && access.checks.length > 0)) && <Permissions draft={draft} />}
      {!isChecking && <DraftFields draft={draft} />}
      {status === 'checked' && (
        <>
          {access?.streamSlots && <DraftSlots slots={access.streamSlots} />}
          <TaskKey draft={draft} />
          <DraftStart draft={draft} />
        </>
      )}
    </>
  )
}

/** What the admin entered, without the secrets. */
function Address({ draft: { crm, baseUrl, feed, delaySeconds } }: { draft: DraftReply }) {
  const arrival = {
    push: 'changes arrive by webhook within seconds',
    stream: 'changes arrive by event stream within seconds',
    poll: `changes arrive by polling, within about ${within(delaySeconds ?? 60)}`,
  }[feed]
  return (
    <p className="quiet">
      {crmName(crm)} at <code>{baseUrl}</code>; {arrival}.
    </p>
  )
}

function Permissions({ draft }: { draft: DraftReply }) {
  const isChecking = draft.status === 'checking'
  const isStuck = useOverdue(isChecking)
  const checks = draft.access?.checks ?? []
  return (
    <Paper component="section" aria-labelledby="permissions">
      <Group justify="space-between">
        <Title order={2} id="permissions">
          Permissions
        </Title>
        {(!isChecking || isStuck) && <CheckAgain draft={draft} />}
      </Group>
      <p className="quiet">Lanekeeper tried each one with a real call that writes nothing.</p>
      <AccessList checks={isChecking ? checks : byUrgency(checks)} running={isChecking} />
    </Paper>
  )
}

/** Checks take seconds. A restart of the service ends them, and the admin has to start them again. */
const CHECKS_TAKE_MS = 60_000

function useOverdue(isChecking: boolean): boolean {
  const [isOverdue, setOverdue] = useState(false)
  useEffect(() => {
    setOverdue(false)
    if (!isChecking) return
    const timer = setTimeout(() => setOverdue(true), CHECKS_TAKE_MS)
    return () => clearTimeout(timer)
  }, [isChecking])
  return isOverdue
}
