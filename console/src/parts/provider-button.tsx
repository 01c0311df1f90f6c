import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { send } from '../server/api.ts'
import { ProblemNotice } from './notices.tsx'

type Props = {
  purpose: 'sign-in' | 'add' | 'again'
  returnTo?: string | undefined
  children: string
}

/** Leaves for the identity provider, which sends the browser back. */
export function ProviderButton({ purpose, returnTo, children }: Props) {
  const go = useMutation({
    mutationFn: () => send<{ url: string }>('/api/session/oidc', { purpose, returnTo }),
    onSuccess: ({ url }) => location.assign(url),
  })
  return (
    <Stack gap={8}>
      {go.error && <ProblemNotice error={go.error} />}
      <Button
        variant={purpose === 'sign-in' ? 'filled' : 'default'}
        loading={go.isPending || go.isSuccess}
        onClick={() => go.mutate()}
      >
        {children}
      </Button>
    </Stack>
  )
}
