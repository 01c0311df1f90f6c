import { Button, Group, Paper, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { AccessCheckView, DraftReply, StartReply } from '../../../src/api/connections/connect-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { DEFAULT_SHARES, SharesEditor } from '../parts/shares-editor.tsx'
import { queryClient, send } from '../server/api.ts'

/** Lanekeeper's share of the API limits, and the button that starts the import. */
export function DraftStart({ draft }: { draft: DraftReply }) {
  const navigate = useNavigate()
  const [shares, setShares] = useState(DEFAULT_SHARES)
  const access = draft.access!
  const blocking = access.checks.filter((check) => check.need === 'required' && check.state !== 'works')
  const start = useMutation({
    mutationFn: () => send<StartReply>(`/api/console/drafts/${encodeURIComponent(draft.id)}/start`, shares),
    onSuccess: async ({ connectionId }) => {
      await queryClient.invalidateQueries({ queryKey: ['console'], refetchType: 'none' })
      await navigate({ to: '/connections', hash: `connection-${connectionId}` })
    },
  })
  return (
    <>
      <Paper component="section" aria-labelledby="limits">
        <Title order={2} id="limits" mb={4}>
          API limits
        </Title>
        <p className="quiet">All your apps share the CRM's API limits. Choose how much of them Lanekeeper may use.</p>
        <SharesEditor shares={shares} limits={access.limits} onChange={setShares} />
      </Paper>
      <Paper component="section" aria-labelledby="start">
        <Title order={2} id="start" mb={4}>
          {draft.connectionId ? 'Reconnect' : 'Start the import'}
        </Title>
        <WhatHappens blocking={blocking} />
        {start.error && <ProblemNotice error={start.error} />}
        <Group gap={14} mt="sm">
          <Button loading={start.isPending} disabled={blocking.length > 0} onClick={() => start.mutate()}>
            {draft.connectionId ? 'Reconnect' : 'Start import'}
          </Button>
          <Discard draft={draft} />
        </Group>
      </Paper>
    </>
  )
}

function WhatHappens({ blocking }: { blocking: readonly AccessCheckView[] }) {
  if (blocking.length === 0) {
    return (
      <p>
        Lanekeeper reads every record your workflows watch, then shows its cases.{' '}
        <strong>It writes nothing to the CRM until you turn on writing.</strong>
      </p>
    )
  }
  return (
    <p className="late">
      Required and missing: {blocking.map((check) => check.title).join(', ')}. Grant{' '}
      {blocking.length === 1 ? 'it' : 'them'} in the CRM, then click Check again above.
    </p>
  )
}

function Discard({ draft }: { draft: DraftReply }) {
  const navigate = useNavigate()
  const discard = useMutation({
    mutationFn: () => send(`/api/console/drafts/${encodeURIComponent(draft.id)}`, undefined, 'DELETE'),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console', 'drafts'] })
      await navigate({ to: '/connections' })
    },
  })
  return (
    <>
      <Button variant="subtle" color="gray" loading={discard.isPending} onClick={() => discard.mutate()}>
        Discard
      </Button>
      {discard.error && <ProblemNotice error={discard.error} />}
    </>
  )
}
