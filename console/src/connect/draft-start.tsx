import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { DraftReply, StartReply } from '../../../src/api/connections/connect-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { DEFAULT_SHARES, SharesEditor } from '../parts/shares-editor.tsx'
import { queryClient, send } from '../server/api.ts'

/** Our share of the limits, and the one button that begins reading. */
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
      <section className="panel" aria-labelledby="limits">
        <h2 id="limits">Limits</h2>
        <p className="quiet">
          All your integrations share what the CRM allows. This is how much of it may be ours; beyond it we wait.
        </p>
        <SharesEditor shares={shares} limits={access.limits} onChange={setShares} />
      </section>
      <section className="panel start" aria-labelledby="start">
        <h2 id="start">{draft.connectionId ? 'Connect again' : 'Start reading'}</h2>
        {blocking.length > 0 ? (
          <p className="late">
            {blocking.map((check) => check.title).join(', ')}: {blocking.length === 1 ? 'it is' : 'they are'} required.
            Grant {blocking.length === 1 ? 'it' : 'them'} in the CRM, then press Try again above.
          </p>
        ) : (
          <p>
            Every watched record is read once; you see the counts as they come. Then the exception surface of what is
            there is shown. <strong>Nothing is written to the CRM until you let your workflows write.</strong>
          </p>
        )}
        {start.error && <ProblemNotice error={start.error} />}
        <div className="row">
          <Button loading={start.isPending} disabled={blocking.length > 0} onClick={() => start.mutate()}>
            {draft.connectionId ? 'Use this from now on' : 'Start reading'}
          </Button>
          <Discard draft={draft} />
        </div>
      </section>
    </>
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
        Give up
      </Button>
      {discard.error && <ProblemNotice error={discard.error} />}
    </>
  )
}
