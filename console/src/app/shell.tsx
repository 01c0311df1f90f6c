import { ActionIcon, Badge, Loader, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { SessionReply } from '../../../src/api/sessions/session-types.ts'
import { ControlPage } from '../control/control-page.tsx'
import logo from '../lanekeeper.svg'
import { MoonIcon, SignOutIcon, SunIcon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { call, queryClient, sessionQuery } from '../server/api.ts'
import { type LiveState, useLiveChanges } from '../server/live.ts'
import { SignInPage } from './sign-in-page.tsx'
import { takeWantedPage } from './wanted-page.ts'

/** The header and the page below it. Without a session there is only the sign-in page. */
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
  return session.data ? <SignedIn session={session.data} /> : <SignInPage />
}

function SignedIn({ session }: { session: SessionReply }) {
  const { onlyPauses, person } = session
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // What was wanted before the sign-in is reached, or was not.
  useEffect(() => void takeWantedPage(Date.now()), [])
  const before = useRef(pathname)
  useEffect(() => {
    // Keyboard and screen reader start at the top of a new page, too, not where the last link was.
    if (before.current !== pathname) main.current?.focus({ preventScroll: true })
    before.current = pathname
  }, [pathname])
  return (
    <>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <Header name={person.name} onlyPauses={onlyPauses} />
      <main id="content" className="page" ref={main} tabIndex={-1}>
        {onlyPauses ? <ControlPage /> : <Outlet />}
      </main>
    </>
  )
}

/** A page that stays signed in for weeks can only pause, so it shows Control alone. */
function Header({ name, onlyPauses }: { name: string; onlyPauses: boolean }) {
  const live = useLiveChanges()
  return (
    <header className="top">
      <div className="top-inner">
        <Link to="/overview" className="brand" aria-label="Lanekeeper, Overview">
          <img src={logo} alt="" width={26} height={26} />
          <span>Lanekeeper</span>
        </Link>
        <nav aria-label="Main">{onlyPauses ? <Link to="/control">Control</Link> : <Places />}</nav>
        <div className="top-end">
          <Live state={live} />
          <SchemeSwitch />
          {onlyPauses ? (
            <span className="me">{name}</span>
          ) : (
            <Link to="/sessions" className="me" aria-label={`${name}, your sessions`}>
              {name}
            </Link>
          )}
          <SignOut />
        </div>
      </div>
    </header>
  )
}

function Places() {
  return (
    <>
      <Link to="/overview">Overview</Link>
      <Link to="/cases">Cases</Link>
      <Link to="/workflows">Workflows</Link>
      <Link to="/changes">Changes</Link>
      <Link to="/control">Control</Link>
      <Link to="/people">People</Link>
      <Link to="/connections">Connections</Link>
    </>
  )
}

const LIVE: Readonly<Record<LiveState, { text: string; color: string }>> = {
  live: { text: 'Page updates itself', color: 'green.7' },
  cut: { text: 'Reconnecting', color: 'red.7' },
  connecting: { text: 'Connecting', color: 'gray.6' },
}

function Live({ state }: { state: LiveState }) {
  const { text, color } = LIVE[state]
  return (
    <Badge variant="dot" color={color} fw={400} bd={0} bg="transparent" c="dimmed" role="status">
      {text}
    </Badge>
  )
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Tooltip label={`Switch to ${other} mode`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={`Switch to ${other} mode`}
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
    // Ask the server: when it was unreachable, the session still stands and the page has to show that.
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
