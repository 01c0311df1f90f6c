import { Group, Loader, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { SessionsReply } from '../../../src/api/sessions/own-session-types.ts'
import type { SessionReply } from '../../../src/api/sessions/session-types.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { ProviderButton } from '../parts/provider-button.tsx'
import { refusedIn } from '../parts/refused.ts'
import { sessionQuery, sessionsQuery } from '../server/api.ts'
import { Joins } from './joins.tsx'
import { LinksMade } from './links-made.tsx'
import { MachineTokens } from './machine-tokens.tsx'
import { METHODS } from './methods.ts'
import { SessionList } from './session-list.tsx'
import { SignInWays } from './sign-in-ways.tsx'
import { TestMail } from './test-mail.tsx'

/** Who somebody is here, how they signed in, and what that is good for. */
export function SessionsPage() {
  const { data, error, refetch } = useQuery(sessionsQuery)
  const { data: session } = useQuery(sessionQuery)
  const refused = refusedIn(location.search)
  return (
    <>
      <h1>Your sessions</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading your sessions" />}
      <Stack gap={14} className="sessions">
        {refused !== null && (
          <Notice tone="warn" title="Nothing was added" isUrgent>
            <p>{refused}</p>
          </Notice>
        )}
        {session && <Who session={session} />}
        {data && session && <Sections data={data} session={session} />}
      </Stack>
    </>
  )
}

function Sections({ data, session }: { data: SessionsReply; session: SessionReply }) {
  return (
    <>
      {data.provider !== null && session.method !== 'sandbox' && (
        <Group>
          <ProviderButton purpose="again" returnTo="/sessions">
            {`Sign in again with ${data.provider}`}
          </ProviderButton>
          <span className="quiet">Resuming, approving and overriding need a sign-in within the last 15 minutes.</span>
        </Group>
      )}
      {data.onlyWeak && <SetUp isAdmin={data.isAdmin} />}
      <Joins joins={data.joins} ownId={session.person.id} />
      <SessionList title="Where you are signed in" sessions={data.mine} />
      <SignInWays data={data} method={session.method} />
      <LinksMade links={data.links} />
      {data.isAdmin && (
        <>
          <SessionList title="Sessions of other people" sessions={data.others} isOthers />
          <MachineTokens tokens={data.tokens} workflows={data.workflows} people={data.people} />
          <TestMail isSet={data.code} />
        </>
      )}
    </>
  )
}

function Who({ session: { person, method } }: { session: SessionReply }) {
  const { how, cannot } = METHODS[method]
  return (
    <p>
      You are <strong>{person.name}</strong>, signed in {how}. {cannot}
    </p>
  )
}

function SetUp({ isAdmin }: { isAdmin: boolean }) {
  return (
    <Notice tone="warn" title="Everybody here signs in with links, which are not enough to approve or resume">
      <p>
        {isAdmin ? 'Set one of these' : 'Ask the person who runs the server to set one of these'}, then restart
        Lanekeeper: an identity provider (<code>LANEKEEPER_OIDC_ISSUER</code>, <code>LANEKEEPER_OIDC_CLIENT_ID</code>,{' '}
        <code>LANEKEEPER_OIDC_CLIENT_SECRET</code>), or mail for codes (<code>LANEKEEPER_SMTP_URL</code>,{' '}
        <code>LANEKEEPER_MAIL_FROM</code>).
      </p>
    </Notice>
  )
}
