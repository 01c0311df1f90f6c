import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import type { ConnectOptionsReply } from '../../../src/api/connections/connect-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { connectOptionsQuery } from '../server/api.ts'
import { ConnectHubSpot, type HubSpotKind } from './connect-hubspot.tsx'
import { ConnectSalesforce, type SalesforceKind } from './connect-salesforce.tsx'

type Crm = 'hubspot' | 'salesforce'

/** What the address bar of this page holds. */
export type ConnectSearch = { crm?: Crm; kind?: string; again?: string; refused?: string }

const CRMS: readonly { readonly crm: Crm; readonly title: string; readonly says: string }[] = [
  { crm: 'hubspot', title: 'HubSpot', says: 'One portal: contacts, companies, deals and the tasks that we write.' },
  {
    crm: 'salesforce',
    title: 'Salesforce',
    says: 'One org: leads, accounts, contacts, opportunities and the tasks that we write.',
  },
]

type Kind = { readonly kind: string; readonly title: string; readonly says: string }

const KINDS: Readonly<Record<Crm, readonly Kind[]>> = {
  hubspot: [
    {
      kind: 'hubspot-token',
      title: 'App token',
      says: 'Take this for one portal of your own: you paste one token, and nothing expires.',
    },
    {
      kind: 'hubspot-oauth',
      title: 'OAuth',
      says: 'Take this when somebody has to approve on a page of HubSpot, or tokens must not last longer than half an hour.',
    },
  ],
  salesforce: [
    {
      kind: 'salesforce-client-credentials',
      title: 'Client credentials',
      says: 'Take this when in doubt: an integration user that you choose, no sign-in that somebody has to repeat.',
    },
    {
      kind: 'salesforce-pkce',
      title: 'Sign in (PKCE)',
      says: 'Take this when a person is to sign in on a page of Salesforce and allow it.',
    },
    {
      kind: 'salesforce-jwt',
      title: 'Certificate (JWT)',
      says: 'Take this when your security policy forbids shared secrets: a key pair instead of one.',
    },
  ],
}

const REFUSED: Readonly<Record<string, string>> = {
  state:
    'The CRM sent you back with an answer that does not belong to this sign-in. It works once, for ten minutes, in the browser that began it. Begin again below.',
  'signed-out':
    'Your session here had ended when the CRM sent you back, so its answer was not taken. Begin again below, now that you are signed in.',
  incomplete: 'The CRM sent you back without an answer. Begin again below.',
  failed:
    'The CRM sent you back, and its answer could not be used. Begin again below; the log of the service has more.',
}

export function ConnectPage() {
  const search = useSearch({ strict: false }) as ConnectSearch
  const { data: options, error, refetch } = useQuery(connectOptionsQuery)
  const kinds = search.crm ? KINDS[search.crm] : []
  const kind = kinds.find((one) => one.kind === search.kind)?.kind
  return (
    <div className="connect">
      <p className="crumb">
        <Link to="/connections">Connections</Link>
      </p>
      <h1>{search.again ? 'Connect a CRM again' : 'Connect a CRM'}</h1>
      {search.refused && (
        <div className="notice notice-stop" role="alert">
          <p className="notice-title">The sign-in was not finished</p>
          <p>{REFUSED[search.refused] ?? REFUSED.failed}</p>
        </div>
      )}
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!options && !error && <Loader className="boot" aria-label="Loading" />}
      {options?.sandbox && <SandboxNotice />}
      {options && (
        <>
          <p className="lead">
            It takes about ten minutes and the rights of an admin. Nothing is read in and nothing is written to the CRM
            before you have seen what works and have said that it may begin.
          </p>
          <Choice
            label="Which CRM"
            of={CRMS.map(({ crm, ...rest }) => ({ ...rest, key: crm, search: { crm } }))}
            chosen={search.crm}
            again={search.again}
          />
          {search.crm && (
            <Choice
              label="How Lanekeeper is let in"
              of={kinds.map((one) => ({ ...one, key: one.kind, search: { crm: search.crm!, kind: one.kind } }))}
              chosen={kind}
              again={search.again}
            />
          )}
          {kind && <Steps key={kind} kind={kind} options={options} again={search.again ?? null} />}
        </>
      )}
    </div>
  )
}

function Steps(props: { kind: string; options: ConnectOptionsReply; again: string | null }) {
  const { kind, options, again } = props
  // Everything can be read while the sandbox runs; nothing can be entered.
  return (
    <fieldset className="plain" disabled={options.sandbox}>
      {kind.startsWith('hubspot') ? (
        <ConnectHubSpot kind={kind as HubSpotKind} options={options} again={again} />
      ) : (
        <ConnectSalesforce kind={kind as SalesforceKind} options={options} again={again} />
      )}
    </fieldset>
  )
}

function SandboxNotice() {
  return (
    <div className="notice notice-warn">
      <p className="notice-title">These are the sandbox CRMs</p>
      <p>
        Lanekeeper was started without a CRM of yours, so it runs with a HubSpot and a Salesforce of its own. Their data
        is made anew at every start, and what you connect beside them would be gone with it.
      </p>
      <p>
        <strong>Next:</strong> to connect your own, stop Lanekeeper and run <code>npm start -- --own</code>. The steps
        below can be read already.
      </p>
    </div>
  )
}

function Choice(props: {
  label: string
  of: readonly { key: string; title: string; says: string; search: ConnectSearch }[]
  chosen: string | undefined
  again: string | undefined
}) {
  const again = props.again ? { again: props.again } : {}
  return (
    <nav className="choice" aria-label={props.label}>
      <h2>{props.label}</h2>
      <ul>
        {props.of.map((one) => (
          <li key={one.key}>
            <Link
              to="/connections/new"
              search={{ ...one.search, ...again }}
              className={one.key === props.chosen ? 'choice-card chosen' : 'choice-card'}
              aria-current={one.key === props.chosen ? 'true' : undefined}
              resetScroll={false}
            >
              <strong>{one.title}</strong>
              <span>{one.says}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
