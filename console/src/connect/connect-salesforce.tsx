import { Button, PasswordInput, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { ConnectOptionsReply } from '../../../src/api/connections/connect-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { useConnect } from './use-connect.ts'

export type SalesforceKind = 'salesforce-client-credentials' | 'salesforce-pkce' | 'salesforce-jwt'

const FIELDS = ['baseUrl', 'clientId', 'clientSecret', 'privateKey', 'username', 'apiVersion', 'pubsubAddress']

type Props = { kind: SalesforceKind; options: ConnectOptionsReply; again: string | null }

const MAKE_KEYS =
  'openssl req -x509 -newkey rsa:2048 -nodes -days 730 -subj /CN=lanekeeper -keyout lanekeeper.key -out lanekeeper.crt'

export function ConnectSalesforce({ kind, options, again }: Props) {
  const { salesforce } = options
  return (
    <ol className="steps">
      {kind === 'salesforce-jwt' && (
        <li>
          <h2>Make a key pair</h2>
          <p>On your own machine. The key is pasted here, the certificate is uploaded to Salesforce.</p>
          <CopyField label="In a terminal" value={MAKE_KEYS} />
        </li>
      )}
      <li>
        <h2>Make an External Client App</h2>
        <p>
          In Salesforce open <strong>Setup</strong>, type <strong>External Client App</strong> into Quick Find and
          choose <strong>External Client App Manager</strong>, then <strong>New External Client App</strong>.
        </p>
        <ul className="bullets">
          <li>
            Name <strong>Lanekeeper</strong>, your e-mail, distribution state <strong>Local</strong>.
          </li>
          <li>
            Open <strong>API (Enable OAuth Settings)</strong> and tick <strong>Enable OAuth</strong>.
          </li>
          <li className="unmarked">
            <CopyField label="Callback URL" value={salesforce.redirectUri} />
          </li>
          <li>
            OAuth scopes: <strong>Manage user data via APIs (api)</strong>
            {kind !== 'salesforce-client-credentials' && (
              <>
                {' '}
                and <strong>Perform requests at any time (refresh_token, offline_access)</strong>
              </>
            )}
            .
          </li>
          <li>
            <Flow kind={kind} />
          </li>
          <li>
            Press <strong>Create</strong>. A new app may take a few minutes to work.
          </li>
        </ul>
      </li>
      <li>
        <h2>Say who it runs as</h2>
        <RunsAs kind={kind} />
        <p>That user needs a permission set with:</p>
        <ul className="bullets">
          <li>
            <strong>API Enabled</strong>, and <strong>View Setup and Configuration</strong> to see the limits of the org
          </li>
          <li>
            <strong>View All Records</strong> on Lead, Account, Contact and Opportunity, and{' '}
            <strong>View All Users</strong>. Without them Salesforce leaves change events out without a word.
          </li>
          <li>
            <strong>Create</strong> and <strong>Edit</strong> on Task; <strong>Edit</strong> on the objects whose owner
            your rules may set, with the right to transfer records.
          </li>
        </ul>
      </li>
      <li>
        <h2>Select what Salesforce tells us</h2>
        <p>
          In Setup, type <strong>Change Data Capture</strong> into Quick Find and move these into Selected Entities. An
          org without an add-on has five places.
        </p>
        <p className="entities">
          {salesforce.entities.map((entity) => (
            <code key={entity}>{entity}</code>
          ))}
        </p>
      </li>
      <li>
        <h2>Paste it here</h2>
        <SalesforceForm kind={kind} options={options} again={again} />
      </li>
    </ol>
  )
}

function Flow({ kind }: { kind: SalesforceKind }) {
  switch (kind) {
    case 'salesforce-client-credentials':
      return (
        <>
          Under <strong>Flow Enablement</strong> tick <strong>Enable Client Credentials Flow</strong>. Under Security
          leave <strong>Require Proof Key for Code Exchange (PKCE)</strong> ticked.
        </>
      )
    case 'salesforce-pkce':
      return (
        <>
          Under Security leave <strong>Require Proof Key for Code Exchange (PKCE)</strong> and{' '}
          <strong>Require secret for Web Server Flow</strong> ticked.
        </>
      )
    case 'salesforce-jwt':
      return (
        <>
          Under <strong>Flow Enablement</strong> tick <strong>Enable JWT Bearer Flow</strong> and upload{' '}
          <code>lanekeeper.crt</code>. Under Security leave <strong>Require Proof Key for Code Exchange (PKCE)</strong>{' '}
          ticked.
        </>
      )
  }
}

function RunsAs({ kind }: { kind: SalesforceKind }) {
  switch (kind) {
    case 'salesforce-client-credentials':
      return (
        <p>
          On the app's <strong>Policies</strong> tab press <strong>Edit</strong>. Under OAuth Flows tick{' '}
          <strong>Enable Client Credentials Flow</strong> and enter an integration user as <strong>Run As</strong>. What
          Lanekeeper writes shows under that name.
        </p>
      )
    case 'salesforce-pkce':
      return (
        <p>
          Whoever signs in below. Take an integration user of its own rather than yourself: what Lanekeeper writes shows
          under that name, and it stops when that user leaves.
        </p>
      )
    case 'salesforce-jwt':
      return (
        <p>
          On the app's <strong>Policies</strong> tab press <strong>Edit</strong>. Set Permitted Users to{' '}
          <strong>Admin approved users are pre-authorized</strong> and add a permission set that your integration user
          has.
        </p>
      )
  }
}

function SalesforceForm({ kind, options, again }: Props) {
  const { salesforce } = options
  const connect = useConnect()
  const [baseUrl, setBaseUrl] = useState('')
  const [clientId, setClientId] = useState('')
  const [clientSecret, setClientSecret] = useState('')
  const [privateKey, setPrivateKey] = useState('')
  const [username, setUsername] = useState('')
  const [pubsubAddress, setPubsubAddress] = useState(salesforce.pubsubAddress)
  const [apiVersion, setApiVersion] = useState(salesforce.apiVersion)
  const problem = (field: string) => problemOf(connect.error, field)

  function submit(event: FormEvent) {
    event.preventDefault()
    const where = { baseUrl, clientId, pubsubAddress, apiVersion, connectionId: again }
    if (kind === 'salesforce-jwt') connect.mutate({ kind, privateKey, username, ...where })
    else connect.mutate({ kind, clientSecret, ...where })
  }
  return (
    <form className="entries" onSubmit={submit} noValidate>
      <TextInput
        label="My Domain address"
        description="Setup, My Domain, Current My Domain URL. Not login.salesforce.com."
        placeholder="https://acme.my.salesforce.com"
        value={baseUrl}
        onChange={(event) => setBaseUrl(event.currentTarget.value)}
        error={problem('baseUrl')}
        autoComplete="off"
      />
      <TextInput
        label="Consumer key"
        description="On the app's Settings tab, under OAuth Settings: Consumer Key and Secret."
        value={clientId}
        onChange={(event) => setClientId(event.currentTarget.value)}
        error={problem('clientId')}
        autoComplete="off"
      />
      {kind === 'salesforce-jwt' ? (
        <>
          <Textarea
            label="Private key"
            description="All of lanekeeper.key, with its BEGIN and END lines."
            value={privateKey}
            onChange={(event) => setPrivateKey(event.currentTarget.value)}
            error={problem('privateKey')}
            rows={5}
            autoComplete="off"
            spellCheck={false}
          />
          <TextInput
            label="Username"
            description="Of the integration user, as it signs in to Salesforce."
            placeholder="integration@acme.com"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            error={problem('username')}
            autoComplete="off"
          />
        </>
      ) : (
        <PasswordInput
          label="Consumer secret"
          description={
            kind === 'salesforce-pkce'
              ? 'Leave it empty if the app does not require one for the web server flow.'
              : undefined
          }
          value={clientSecret}
          onChange={(event) => setClientSecret(event.currentTarget.value)}
          error={problem('clientSecret')}
          aria-invalid={problem('clientSecret') !== null}
          autoComplete="off"
        />
      )}
      <details open={problem('pubsubAddress') !== null || problem('apiVersion') !== null || undefined}>
        <summary>Another API version or stream address</summary>
        <TextInput
          label="API version"
          value={apiVersion}
          onChange={(event) => setApiVersion(event.currentTarget.value)}
          error={problem('apiVersion')}
          autoComplete="off"
        />
        <TextInput
          label="Pub/Sub address"
          description="Where port 7443 is blocked: api.pubsub.salesforce.com:443."
          value={pubsubAddress}
          onChange={(event) => setPubsubAddress(event.currentTarget.value)}
          error={problem('pubsubAddress')}
          autoComplete="off"
        />
      </details>
      {connect.error && !isOnlyAbout(connect.error, FIELDS) && <ProblemNotice error={connect.error} />}
      <div>
        <Button type="submit" loading={connect.isPending} disabled={options.sandbox}>
          {kind === 'salesforce-pkce' ? 'Continue to Salesforce' : 'Check what works'}
        </Button>
        <p className="quiet after-button">
          {kind === 'salesforce-pkce'
            ? 'Salesforce asks you to sign in and to allow it, and sends you back here.'
            : 'Only checks: nothing is read in and nothing is written.'}{' '}
          What you paste is kept encrypted and is never shown again.
        </p>
      </div>
    </form>
  )
}
