import { Button, Group, Paper, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { crmName } from '../connect/crms.ts'
import { ago } from '../parts/format.ts'
import { draftsQuery, queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

/** Set-ups that an admin started and did not finish. */
export function UnfinishedConnections() {
  const { data } = useQuery({ ...draftsQuery, retry: false })
  if (!data || data.drafts.length === 0) return null
  return (
    <Paper component="section" mb={14} aria-labelledby="unfinished">
      <Title order={2} id="unfinished" mb={10}>
        Unfinished set-ups
      </Title>
      <ul>
        {data.drafts.map((draft) => (
          <Unfinished key={draft.id} draft={draft} />
        ))}
      </ul>
    </Paper>
  )
}

const STATES = {
  authorizing: 'waiting for sign-in at the CRM',
  checking: 'checking permissions',
  checked: 'checked, ready to start',
  failed: 'check failed',
} as const

function Unfinished({ draft }: { draft: DraftReply }) {
  const now = useNow()
  const discard = useMutation({
    mutationFn: () => send(`/api/console/drafts/${encodeURIComponent(draft.id)}`, undefined, 'DELETE'),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console', 'drafts'] }),
  })
  const name = draft.access?.identity?.title ?? `${crmName(draft.crm)} at ${draft.baseUrl}`
  return (
    <li>
      <Group gap="2px 14px">
        <Link to="/connections/new/$draftId" params={{ draftId: draft.id }}>
          {name}
        </Link>
        <span className="quiet">
          {STATES[draft.status]}, started {ago(draft.createdAt, now)}
        </span>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          loading={discard.isPending}
          onClick={() => discard.mutate()}
          aria-label={`Discard ${name}`}
        >
          Discard
        </Button>
      </Group>
    </li>
  )
}
