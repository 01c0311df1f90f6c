import { Button, Code, Loader, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { Lane, SessionReply, WaysReply } from '../../../src/api/sessions/session-types.ts'
import { CodeForm } from '../parts/code-form.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { ProviderButton } from '../parts/provider-button.tsx'
import { send, waysQuery } from '../server/api.ts'
import { useOpenedSession } from './opened-session.ts'
import { wantedPage } from './wanted-page.ts'

/** What this installation offers to somebody who is not signed in. */
export function WaysToSignIn() {
  const ways = useQuery(waysQuery)
  if (ways.isPending) return <Loader size="sm" aria-label="Loading" />
  if (ways.data === undefined) return <ProblemNotice error={ways.error} onRetry={() => void ways.refetch()} />
  if (ways.data.cast !== null) return <Cast cast={ways.data.cast} />
  return <Ways ways={ways.data} />
}

function Ways({ ways: { provider, code } }: { ways: WaysReply }) {
  const open = useOpenedSession()
  const returnTo = wantedPage(Date.now()) ?? undefined
  return (
    <Stack gap={14}>
      {provider !== null && (
        <ProviderButton purpose="sign-in" returnTo={returnTo}>
          {`Sign in with ${provider}`}
        </ProviderButton>
      )}
      {code && <CodeForm purpose="sign-in" returnTo={returnTo} onDone={({ session }) => open(session)} />}
      <p className={provider !== null || code ? 'quiet' : undefined}>
        {provider !== null || code ? 'Or open' : 'Open'} the sign-in link that an admin sent you.
      </p>
      <MakeAdmin />
    </Stack>
  )
}

function MakeAdmin() {
  return (
    <>
      <p className="quiet">You run this server and nobody can sign in? Run this there, and open the link it prints:</p>
      <Code block>npx lanekeeper admin you@company.com</Code>
    </>
  )
}

/** The sandbox lets you be anybody, so that you see what each of them can do. */
function Cast({ cast }: { cast: NonNullable<WaysReply['cast']> }) {
  const open = useOpenedSession()
  const signIn = useMutation({
    mutationFn: (personId: string) => send<SessionReply>('/api/session/cast', { personId }),
    onSuccess: open,
  })
  if (cast.length === 0) {
    return (
      <Stack gap={10}>
        <p>The sandbox has no people yet. They appear a few seconds after the start.</p>
        <MakeAdmin />
      </Stack>
    )
  }
  return (
    <Stack gap={8} className="cast">
      <p>
        This is the sandbox: sign in as anyone, and see what they can do. The page goes when you connect your own CRM.
      </p>
      {signIn.error && <ProblemNotice error={signIn.error} />}
      {cast.map(({ personId, name, lanes }) => (
        <Button
          key={personId}
          variant="default"
          h="auto"
          py={8}
          loading={signIn.isPending && signIn.variables === personId}
          disabled={signIn.isPending}
          onClick={() => signIn.mutate(personId)}
        >
          <span className="cast-member">
            Sign in as {name}
            {lanes.length > 0 && `, ${rolesOf(lanes)}`}
          </span>
        </Button>
      ))}
    </Stack>
  )
}

/** More would hide who somebody is first of all. */
const ROLES_SHOWN = 2

function rolesOf(lanes: readonly Lane[]): string {
  const shown = lanes.slice(0, ROLES_SHOWN).map((lane) => ROLES[lane])
  const more = lanes.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(' and ')
}

const ROLES: Readonly<Record<Lane, string>> = {
  review: 'reviewer',
  override: 'override owner',
  rollback: 'rollback owner',
  boundary: 'boundary owner',
  data: 'data owner',
  workflow: 'workflow owner',
  admin: 'admin',
}
