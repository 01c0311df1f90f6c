import { Button, Loader } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { ago } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { connectionsQuery, draftsQuery, queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'
import { ConnectionCard } from './connection-card.tsx'

export function ConnectionsPage() {
  const { data, error, refetch } = useQuery(connectionsQuery)
  return (
    <>
      <div className="page-head">
        <h1>Connections</h1>
        {data && data.connections.length > 0 && (
          <Link className="button" to="/connections/new">
            Connect a CRM
          </Link>
        )}
      </div>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading connections" />}
      {data?.connections.length === 0 && (
        <EmptyState title="No CRM is connected yet">
          <p>
            Connect the HubSpot portal or the Salesforce org whose cases should have an owner. It takes about ten
            minutes and the rights of an admin; nothing is written to the CRM for it.
          </p>
          <Link className="button" to="/connections/new">
            Connect a CRM
          </Link>
        </EmptyState>
      )}
      <Unfinished />
      <div className="connections">
        {data?.connections.map((connection) => (
          <ConnectionCard key={connection.id} connection={connection} />
        ))}
      </div>
    </>
  )
}

/** Connections that somebody began and did not start. */
function Unfinished() {
  const { data } = useQuery({ ...draftsQuery, retry: false })
  if (!data || data.drafts.length === 0) return null
  return (
    <section className="panel unfinished" aria-labelledby="unfinished">
      <h2 id="unfinished">Begun and not started</h2>
      <ul>
        {data.drafts.map((draft) => (
          <UnfinishedRow key={draft.id} draft={draft} />
        ))}
      </ul>
    </section>
  )
}

const STATES = {
  authorizing: 'waits for a sign-in at the CRM',
  checking: 'checks run',
  checked: 'checked, ready to start',
  failed: 'could not be checked',
} as const

function UnfinishedRow({ draft }: { draft: DraftReply }) {
  const now = useNow()
  const discard = useMutation({
    mutationFn: () => send(`/api/console/drafts/${encodeURIComponent(draft.id)}`, undefined, 'DELETE'),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console', 'drafts'] }),
  })
  const name =
    draft.access?.identity?.title ?? `${draft.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'} at ${draft.baseUrl}`
  return (
    <li className="row">
      <Link to="/connections/new/$draftId" params={{ draftId: draft.id }}>
        {name}
      </Link>
      <span className="quiet">
        {STATES[draft.status]}, begun {ago(draft.createdAt, now)}
      </span>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        loading={discard.isPending}
        onClick={() => discard.mutate()}
        aria-label={`Give up connecting ${name}`}
      >
        Give up
      </Button>
    </li>
  )
}
