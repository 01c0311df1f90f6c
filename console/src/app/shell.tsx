import { ActionIcon, Loader, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import logo from '../lanekeeper.svg'
import { MoonIcon, SignOutIcon, SunIcon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { call, queryClient, sessionQuery } from '../server/api.ts'
import { useLiveChanges } from '../server/live.ts'
import { SignInPage } from './sign-in-page.tsx'

/** Everything around a page. Without a session there is only the sign-in page. */
export function Shell() {
  const session = useQuery(sessionQuery)
  if (session.isPending) return <Loader className="boot" aria-label="Loading" />
  if (session.error && session.data === undefined) {
    return (
      <main className="page">
        <ProblemNotice error={session.error} onRetry={() => void session.refetch()} />
      </main>
    )
  }
  return session.data ? <SignedIn /> : <SignInPage />
}

function SignedIn() {
  const live = useLiveChanges()
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const before = useRef(pathname)
  useEffect(() => {
    // A new page starts at its top for the keyboard and the screen reader as well, not where the last link was.
    if (before.current !== pathname) main.current?.focus({ preventScroll: true })
    before.current = pathname
  }, [pathname])
  return (
    <>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="top">
        <div className="top-inner">
          <Link to="/" className="brand" aria-label="Lanekeeper, exception surface">
            <img src={logo} alt="" width={26} height={26} />
            <span>Lanekeeper</span>
          </Link>
          <nav aria-label="Main">
            <Link to="/" activeOptions={{ exact: true }}>
              Surface
            </Link>
            <Link to="/cases">Cases</Link>
            <Link to="/workflows">Workflows</Link>
            <Link to="/connections">Connections</Link>
          </nav>
          <div className="top-end">
            <span className={`live live-${live}`} role="status">
              {live === 'live' ? 'Live' : live === 'cut' ? 'Reconnecting' : 'Connecting'}
            </span>
            <SchemeSwitch />
            <SignOut />
          </div>
        </div>
      </header>
      <main id="content" className="page" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  )
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Tooltip label={`Switch to ${other}`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={`Switch to ${other} colours`}
        onClick={() => setColorScheme(other)}
      >
        {scheme === 'dark' ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  )
}

function SignOut() {
  async function signOut() {
    await call('/api/session', { method: 'DELETE' }).catch(() => undefined)
    // Ask rather than assume: if the server could not be reached, we are still signed in and should look so.
    await queryClient.invalidateQueries({ queryKey: ['session'] })
    queryClient.removeQueries({ queryKey: ['console'] })
  }
  return (
    <Tooltip label="Sign out">
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Sign out" onClick={() => void signOut()}>
        <SignOutIcon />
      </ActionIcon>
    </Tooltip>
  )
}
