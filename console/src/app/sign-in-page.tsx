import { Button, Loader, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { LinkReply, SessionReply } from '../../../src/api/sessions/session-types.ts'
import logo from '../lanekeeper.svg'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { refusedIn } from '../parts/refused.ts'
import { ApiProblem, send } from '../server/api.ts'
import { useOpenedSession } from './opened-session.ts'
import { rememberWantedPage } from './wanted-page.ts'
import { WaysToSignIn } from './ways-to-sign-in.tsx'

/**
 * Takes the secret of a link out of the address at once: bookmarks and the history must not keep it. It is only looked at
 * until the person clicks, because programs that open every link in a mail must not use it up.
 */
function secretInAddress(): string | null {
  const secret = location.pathname === '/sign-in' ? location.hash.slice(1) : ''
  if (secret === '') return null
  history.replaceState(history.state, '', '/sign-in')
  return secret
}

type State =
  | { step: 'asking' }
  | { step: 'looking' }
  | { step: 'offered'; secret: string; link: LinkReply }
  | { step: 'refused' }
  | { step: 'failed'; error: unknown }

export function SignInPage() {
  const [state, setState] = useState<State>({ step: 'asking' })
  useEffect(() => {
    rememberWantedPage(location, Date.now())
    function take() {
      const secret = secretInAddress()
      if (secret === null) return
      setState({ step: 'looking' })
      send<LinkReply>('/api/session/link', { link: secret }).then(
        (link) => setState({ step: 'offered', secret, link }),
        (error) => setState(refusalOf(error)),
      )
    }
    take()
    // A second link, pasted into the same tab, changes the fragment only.
    window.addEventListener('hashchange', take)
    return () => window.removeEventListener('hashchange', take)
  }, [])

  return (
    <main className="sign-in">
      <img src={logo} alt="" width={44} height={44} />
      <h1>Lanekeeper</h1>
      {state.step === 'looking' && <Loader size="sm" aria-label="Looking at the link" />}
      {state.step === 'offered' && <Offered {...state} onRefused={(error) => setState(refusalOf(error))} />}
      {state.step === 'refused' && (
        <Notice tone="warn" title="This sign-in link no longer works" isUrgent>
          <p>A link works once, within 24 hours. Ask the person who sent it for a new one.</p>
        </Notice>
      )}
      {state.step === 'asking' && <Refusal />}
      {state.step === 'failed' && <ProblemNotice error={state.error} />}
      {state.step !== 'looking' && state.step !== 'offered' && <WaysToSignIn />}
    </main>
  )
}

function refusalOf(error: unknown): State {
  const stale = error instanceof ApiProblem && (error.is('link-used-or-stale') || error.is('bad-request'))
  return stale ? { step: 'refused' } : { step: 'failed', error }
}

/** Why the identity provider's answer signed nobody in. */
function Refusal() {
  const why = refusedIn(location.search)
  if (why === null) return null
  return (
    <Notice tone="warn" title="You were not signed in" isUrgent>
      <p>{why}</p>
    </Notice>
  )
}

type OfferedProps = { secret: string; link: LinkReply; onRefused: (error: unknown) => void }

/** Says who the link is for before it is used. */
function Offered({ secret, link, onRefused }: OfferedProps) {
  const open = useOpenedSession()
  const signIn = useMutation({
    mutationFn: () => send<SessionReply>('/api/session', { link: secret }),
    onSuccess: open,
    onError: onRefused,
  })
  return (
    <Stack gap={10} align="center">
      <p>This link is for {link.name}. If that is not you, close this page.</p>
      <Button loading={signIn.isPending} onClick={() => signIn.mutate()}>
        Sign in as {link.name}
      </Button>
    </Stack>
  )
}
