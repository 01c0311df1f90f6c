import { Button, Loader } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { AccessList, byUrgency } from '../parts/access-list.tsx'
import { number, plural, within } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { ApiProblem, draftQuery, queryClient, send } from '../server/api.ts'
import { DraftStart } from './draft-start.tsx'
import { TaskKey } from './task-key.tsx'
import { leaveToAuthorize } from './use-connect.ts'

/** A connection being made: what was found, what is missing, and the one button that starts it. */
export function DraftPage() {
  const { draftId } = useParams({ strict: false }) as { draftId: string }
  const { data: draft, error, refetch } = useQuery(draftQuery(draftId))
  return (
    <div className="connect">
      <p className="crumb">
        <Link to="/connections">Connections</Link>
      </p>
      <h1>{draft ? headline(draft) : 'Connecting'}</h1>
      {error && !draft && <Gone error={error} onRetry={() => void refetch()} />}
      {!draft && !error && <Loader className="boot" aria-label="Loading" />}
      {draft && <Draft key={draft.id} draft={draft} />}
    </div>
  )
}

function headline(draft: DraftReply): string {
  const crm = draft.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'
  return draft.access?.identity ? draft.access.identity.title : `Connecting ${crm}`
}

function Gone({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!(error instanceof ApiProblem && error.is('not-found'))) return <ProblemNotice error={error} onRetry={onRetry} />
  return (
    <div className="empty">
      <p className="empty-title">There is no such unfinished connection</p>
      <p>
        It was started, given up, or is more than a day old. <Link to="/connections">See the connections</Link> or{' '}
        <Link to="/connections/new">begin again</Link>.
      </p>
    </div>
  )
}

function Draft({ draft }: { draft: DraftReply }) {
  const { access, status } = draft
  const checking = status === 'checking'
  const isStuck = useOverdue(checking)
  return (
    <>
      <Where draft={draft} />
      {status === 'failed' && <Failed draft={draft} />}
      {status === 'authorizing' && <Authorizing draft={draft} />}
      {access?.identity && <WhoWeAre draft={draft} />}
      {(checking || (access && access.checks.length > 0)) && (
        <section className="panel" aria-labelledby="permissions">
          <div className="panel-head">
            <h2 id="permissions">What works</h2>
            {(!checking || isStuck) && <CheckAgain draft={draft} />}
          </div>
          <p className="quiet">Each one is tried by a real call. Nothing is written to the CRM for it.</p>
          <AccessList checks={checking ? (access?.checks ?? []) : byUrgency(access?.checks ?? [])} running={checking} />
        </section>
      )}
      {!checking && <Fields draft={draft} />}
      {status === 'checked' && (
        <>
          {access?.streamSlots && <Slots slots={access.streamSlots} />}
          <TaskKey draft={draft} />
          <DraftStart draft={draft} />
        </>
      )}
    </>
  )
}

/** Checks end within seconds. When the service was restarted under them nobody goes on with them by itself. */
const CHECKS_TAKE_MS = 60_000

function useOverdue(checking: boolean): boolean {
  const [overdue, setOverdue] = useState(false)
  useEffect(() => {
    setOverdue(false)
    if (!checking) return
    const timer = setTimeout(() => setOverdue(true), CHECKS_TAKE_MS)
    return () => clearTimeout(timer)
  }, [checking])
  return overdue
}

/** What was entered, without what is secret. */
function Where({ draft }: { draft: DraftReply }) {
  return (
    <p className="quiet">
      {draft.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'} at <code>{draft.baseUrl}</code>,{' '}
      {draft.feed === 'push'
        ? 'changes are told by webhook within seconds'
        : draft.feed === 'stream'
          ? 'changes come by its event stream within seconds'
          : `changes are asked for: seen within about ${within(draft.delaySeconds ?? 60)}`}
      .
    </p>
  )
}

function Failed({ draft }: { draft: DraftReply }) {
  return (
    <div className="notice notice-stop" role="alert">
      <p className="notice-title">This cannot be connected yet</p>
      <p>{draft.problem ?? 'The CRM did not let us in.'}</p>
      <div className="row">
        {draft.grantKind === 'hubspot-oauth' || draft.grantKind === 'salesforce-pkce' ? (
          <SignInAgain draft={draft} />
        ) : (
          <CheckAgain draft={draft} />
        )}
        <Link
          to="/connections/new"
          search={{
            crm: draft.crm,
            kind: draft.grantKind,
            ...(draft.connectionId ? { again: draft.connectionId } : {}),
          }}
        >
          Enter something else
        </Link>
      </div>
    </div>
  )
}

function Authorizing({ draft }: { draft: DraftReply }) {
  const crm = draft.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'
  return (
    <div className="notice">
      <p className="notice-title">{crm} has not been asked yet, or has not answered</p>
      <p>Sign in there and allow the access; you come back here by yourself.</p>
      <SignInAgain draft={draft} />
    </div>
  )
}

function SignInAgain({ draft }: { draft: DraftReply }) {
  const leave = useMutation({ mutationFn: () => leaveToAuthorize(draft.id) })
  return (
    <>
      <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        Sign in to {draft.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'}
      </Button>
      {leave.error && <ProblemNotice error={leave.error} />}
    </>
  )
}

function CheckAgain({ draft }: { draft: DraftReply }) {
  const check = useMutation({
    mutationFn: () => send(`/api/console/drafts/${encodeURIComponent(draft.id)}/check`),
    onSuccess: () => {
      queryClient.setQueryData(draftQuery(draft.id).queryKey, { ...draft, status: 'checking', problem: null })
    },
  })
  return (
    <>
      <Button size="xs" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
        Try again
      </Button>
      {check.error && <ProblemNotice error={check.error} />}
    </>
  )
}

function WhoWeAre({ draft }: { draft: DraftReply }) {
  const { identity } = draft.access!
  return (
    <dl className="who-we-are">
      <div>
        <dt>{draft.crm === 'hubspot' ? 'Portal' : 'Org'}</dt>
        <dd>{identity!.accountId}</dd>
      </div>
      <div>
        <dt>What we write shows as</dt>
        <dd>{identity!.actorName ?? 'not said'}</dd>
      </div>
      <div>
        <dt>Edition</dt>
        <dd>{identity!.edition ?? 'not said'}</dd>
      </div>
      <div>
        <dt>Time zone</dt>
        <dd>{identity!.timeZone ?? 'not said'}</dd>
      </div>
    </dl>
  )
}

function Fields({ draft }: { draft: DraftReply }) {
  const objects = draft.access?.objects ?? []
  if (objects.length === 0) return null
  const unreadable = objects.filter((object) => object.unreadable.length > 0)
  return (
    <section className="panel" aria-labelledby="fields">
      <h2 id="fields">Fields</h2>
      <p>
        {objects.map((object) => `${object.objectType} ${number(object.fields)}`).join(', ')} fields read
        {unreadable.length === 0 && ', and every field that your workflows look at is among them'}.
      </p>
      {unreadable.length > 0 && (
        <>
          <p className="late">
            {plural(
              unreadable.reduce((sum, object) => sum + object.unreadable.length, 0),
              'field that your workflows look at is',
              'fields that your workflows look at are',
            )}{' '}
            not readable: no permission, or no such field. Cases say so instead of calling them blank.
          </p>
          <dl className="facts">
            {unreadable.map((object) => (
              <div key={object.objectType} className="contents">
                <dt>{object.objectType}</dt>
                <dd>{object.unreadable.join(', ')}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  )
}

function Slots({ slots }: { slots: NonNullable<NonNullable<DraftReply['access']>['streamSlots']> }) {
  return (
    <section className="panel" aria-labelledby="slots">
      <h2 id="slots">Change events</h2>
      <p>
        {number(slots.taken.length)} of {plural(slots.max, 'place is', 'places are')} taken
        {slots.taken.length > 0 && `: ${slots.taken.join(', ')}`}.
      </p>
      {slots.missing.length > 0 && (
        <p className="late">
          Not selected: {slots.missing.join(', ')}. In Setup, Change Data Capture, move{' '}
          {slots.missing.length === 1 ? 'it' : 'them'} into Selected Entities and press Try again. Until then changes
          there are only found by asking, a few minutes later.
        </p>
      )}
    </section>
  )
}
