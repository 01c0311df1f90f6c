import { Code, Loader, Stack } from '@mantine/core'
import { useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { SessionReply } from '../../../src/api/sessions/session-types.ts'
import logo from '../lanekeeper.svg'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { ApiProblem, call, queryClient } from '../server/api.ts'
import { rememberWantedPage, takeWantedPage } from './wanted-page.ts'

/**
 * Exchanges the secret of the link for a session, and takes it out of the address at once: bookmarks and the history
 * must not keep it. Module level, because the link works once and React may mount a component twice.
 */
let exchange: Promise<SessionReply> | null = null
function exchangeOnce(): Promise<SessionReply> | null {
  const link = location.pathname === '/sign-in' ? location.hash.slice(1) : ''
  if (link) {
    history.replaceState(history.state, '', '/sign-in')
    exchange = call<SessionReply>('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link }),
    })
  }
  return exchange
}

type State = { step: 'asking' } | { step: 'exchanging' } | { step: 'refused' } | { step: 'failed'; error: unknown }

export function SignInPage() {
  const navigate = useNavigate()
  const router = useRouter()
  const [state, setState] = useState<State>({ step: 'asking' })
  useEffect(() => {
    rememberWantedPage(location, Date.now())
    function take() {
      const running = exchangeOnce()
      if (!running) return
      setState({ step: 'exchanging' })
      running.then(
        (session) => {
          exchange = null
          queryClient.setQueryData(['session'], session)
          const wanted = takeWantedPage(Date.now())
          if (wanted === null) void navigate({ to: '/overview' })
          else router.history.push(wanted)
        },
        (error) => {
          exchange = null
          const stale = error instanceof ApiProblem && (error.is('link-used-or-stale') || error.is('bad-request'))
          setState(stale ? { step: 'refused' } : { step: 'failed', error })
        },
      )
    }
    take()
    // A second link, pasted into the same tab, changes the fragment only.
    window.addEventListener('hashchange', take)
    return () => window.removeEventListener('hashchange', take)
  }, [navigate, router])

  return (
    <main className="sign-in">
      <img src={logo} alt="" width={44} height={44} />
      <h1>Lanekeeper</h1>
      {state.step === 'exchanging' && (
        <p>
          <Loader size="sm" aria-label="Signing in" /> Signing in ...
        </p>
      )}
      {state.step === 'refused' && (
        <Notice tone="warn" title="This sign-in link no longer works" isUrgent>
          <p>Links expire after 15 minutes and work once, in one browser.</p>
        </Notice>
      )}
      {state.step === 'failed' && <ProblemNotice error={state.error} />}
      {state.step !== 'exchanging' && (
        <Stack gap={10}>
          <p>To sign in, run this command on the Lanekeeper server and open the link it prints:</p>
          <Code block>npx lanekeeper link</Code>
          <p className="quiet">The link works once, for 15 minutes.</p>
        </Stack>
      )}
    </main>
  )
}
