import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { draftQuery, queryClient, send } from '../server/api.ts'
import { crmName } from './crms.ts'
import { leaveToAuthorize } from './use-connect.ts'

type Props = { draft: DraftReply }

export function DraftFailed({ draft }: Props) {
  const crm = crmName(draft.crm)
  const signsIn = draft.grantKind === 'hubspot-oauth' || draft.grantKind === 'salesforce-pkce'
  return (
    <Notice tone="stop" title={`Cannot connect to ${crm} yet`} isUrgent>
      <p>{draft.problem ?? `${crm} rejected the credentials.`}</p>
      <Group gap={14} mt="xs">
        {signsIn ? <SignInAgain draft={draft} /> : <CheckAgain draft={draft} />}
        <Link
          to="/connections/new"
          search={{
            crm: draft.crm,
            kind: draft.grantKind,
            ...(draft.connectionId ? { again: draft.connectionId } : {}),
          }}
        >
          Change the credentials
        </Link>
      </Group>
    </Notice>
  )
}

export function DraftAuthorizing({ draft }: Props) {
  const crm = crmName(draft.crm)
  return (
    <Notice title={`Waiting for your sign-in at ${crm}`}>
      <p>Sign in and approve there. {crm} then sends you back to this page.</p>
      <SignInAgain draft={draft} />
    </Notice>
  )
}

function SignInAgain({ draft }: Props) {
  const leave = useMutation({ mutationFn: () => leaveToAuthorize(draft.id) })
  return (
    <>
      <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        Sign in to {crmName(draft.crm)}
      </Button>
      {leave.error && <ProblemNotice error={leave.error} />}
    </>
  )
}

export function CheckAgain({ draft }: Props) {
  const check = useMutation({
    mutationFn: () => send(`/api/console/drafts/${encodeURIComponent(draft.id)}/check`),
    onSuccess: () => {
      queryClient.setQueryData(draftQuery(draft.id).queryKey, { ...draft, status: 'checking', problem: null })
    },
  })
  return (
    <>
      <Button size="xs" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
        Check again
      </Button>
      {check.error && <ProblemNotice error={check.error} />}
    </>
  )
}
