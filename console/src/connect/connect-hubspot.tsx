import { Button, PasswordInput, Radio, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { ConnectOptionsReply } from '../../../src/api/connections/connect-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { within } from '../parts/format.ts'
import { DownloadIcon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { useConnect } from './use-connect.ts'

export type HubSpotKind = 'hubspot-token' | 'hubspot-oauth'

const FIELDS = ['token', 'clientId', 'clientSecret', 'appId', 'webhookUrl', 'baseUrl', 'apiVersion']

type Props = { kind: HubSpotKind; options: ConnectOptionsReply; again: string | null }

export function ConnectHubSpot({ kind, options, again }: Props) {
  const { hubspot, isPublic } = options
  const isOAuth = kind === 'hubspot-oauth'
  const [feed, setFeed] = useState<'push' | 'poll'>(isPublic ? 'push' : 'poll')
  const [webhookUrl, setWebhookUrl] = useState(isPublic ? hubspot.webhookUrl : '')
  const zip = `/api/console/hubspot-project.zip?kind=${isOAuth ? 'oauth' : 'static'}&push=${feed === 'push'}`
  return (
    <ol className="steps">
      <li>
        <h2>Choose how changes arrive</h2>
        <Radio.Group value={feed} onChange={(value) => setFeed(value as 'push')} aria-label="How changes arrive">
          <div className="options">
            <Radio
              value="push"
              label="HubSpot tells us (push)"
              description={
                isPublic
                  ? 'A change is seen within seconds.'
                  : 'A change is seen within seconds. Needs an https address that HubSpot can call from the internet.'
              }
            />
            <Radio
              value="poll"
              label="We ask HubSpot (polling)"
              description={`No public address needed. A change is seen within about ${within(hubspot.pollSeconds)}.`}
            />
          </div>
        </Radio.Group>
        {!isPublic && (
          <p className="notice">
            This Lanekeeper is reached at <code>{options.publicUrl}</code>, which HubSpot cannot call. With polling
            everything works, only later: a change is seen within about {within(hubspot.pollSeconds)}. You can switch to
            push any time by connecting the portal again.
          </p>
        )}
        {feed === 'push' && (
          <>
            {!isPublic && (
              <TextInput
                label="Public webhook address"
                description={`A tunnel or proxy that leads to ${new URL(hubspot.webhookUrl).pathname} of this server.`}
                placeholder="https://lanekeeper.acme.com/webhooks/hubspot"
                value={webhookUrl}
                onChange={(event) => setWebhookUrl(event.currentTarget.value)}
              />
            )}
            {isPublic && <CopyField label="Webhook address" value={hubspot.webhookUrl} />}
          </>
        )}
      </li>
      <li>
        <h2>Make the app in your portal</h2>
        <p>
          HubSpot apps are made from project files. These ask for exactly the permissions
          {feed === 'push' && ' and notifications'} that your workflows need.
        </p>
        <p>
          <a className="download" href={zip} download="lanekeeper-hubspot-project.zip">
            <DownloadIcon />
            Download the project files
          </a>
        </p>
        <p>Unpack them, open a terminal in the folder and run these, one after the other:</p>
        <CopyField label="Install HubSpot's command line" value="npm install -g @hubspot/cli" />
        <CopyField label="Sign in, and choose your portal" value="hs account auth" />
        <CopyField label="Upload, and say yes to creating the project" value="hs project upload" />
        <details>
          <summary>The {hubspot.scopes.required.length + hubspot.scopes.optional.length} scopes in these files</summary>
          <CopyField label="Required scopes" value={hubspot.scopes.required.join(' ')} />
          {hubspot.scopes.optional.length > 0 && (
            <CopyField label="Optional scopes" value={hubspot.scopes.optional.join(' ')} />
          )}
        </details>
      </li>
      {isOAuth ? (
        <li>
          <h2>Find its client id and secret</h2>
          <p>
            In HubSpot open <strong>Development</strong>, then <strong>Projects</strong>, then{' '}
            <strong>lanekeeper</strong>. Under <strong>Project components</strong> click the app, then the{' '}
            <strong>Auth</strong> tab. It shows the client id, the client secret and the redirect URL, which has to be
            this one:
          </p>
          <CopyField label="Redirect URL" value={hubspot.redirectUri} />
        </li>
      ) : (
        <li>
          <h2>Install it and find its token</h2>
          <p>
            In HubSpot open <strong>Development</strong>, then <strong>Projects</strong>, then{' '}
            <strong>lanekeeper</strong>. Under <strong>Project components</strong> click the app.
          </p>
          <ul className="bullets">
            <li>
              <strong>Distribution</strong> tab: install it in this account. The page then shows the access token.
            </li>
            <li>
              <strong>Auth</strong> tab: the client secret and the app id.
            </li>
          </ul>
        </li>
      )}
      <li>
        <h2>{isOAuth ? 'Paste them here' : 'Paste it here'}</h2>
        <HubSpotForm kind={kind} options={options} again={again} webhookUrl={feed === 'push' ? webhookUrl : null} />
      </li>
    </ol>
  )
}

function HubSpotForm({ kind, options, again, webhookUrl }: Props & { webhookUrl: string | null }) {
  const { hubspot } = options
  const connect = useConnect()
  const [token, setToken] = useState('')
  const [clientId, setClientId] = useState('')
  const [clientSecret, setClientSecret] = useState('')
  const [appId, setAppId] = useState('')
  const [baseUrl, setBaseUrl] = useState(hubspot.baseUrl)
  const problem = (field: string) => problemOf(connect.error, field)
  const isOAuth = kind === 'hubspot-oauth'

  function submit(event: FormEvent) {
    event.preventDefault()
    const where = { baseUrl, webhookUrl, appId, connectionId: again }
    connect.mutate(
      isOAuth
        ? { kind: 'hubspot-oauth', clientId, clientSecret, ...where }
        : { kind: 'hubspot-token', token, clientSecret, ...where },
    )
  }
  return (
    <form className="entries" onSubmit={submit} noValidate>
      {isOAuth ? (
        <TextInput
          label="Client id"
          value={clientId}
          onChange={(event) => setClientId(event.currentTarget.value)}
          error={problem('clientId')}
          autoComplete="off"
        />
      ) : (
        <PasswordInput
          label="Access token"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={problem('token')}
          aria-invalid={problem('token') !== null}
          autoComplete="off"
        />
      )}
      <PasswordInput
        label="Client secret"
        description={
          isOAuth
            ? 'Exchanges sign-ins for tokens, and proves that a notification is from HubSpot.'
            : webhookUrl === null
              ? 'Not needed for polling. It would prove that a notification is from HubSpot.'
              : 'Proves that a notification is from HubSpot.'
        }
        value={clientSecret}
        onChange={(event) => setClientSecret(event.currentTarget.value)}
        error={problem('clientSecret')}
        aria-invalid={problem('clientSecret') !== null}
        autoComplete="off"
      />
      <TextInput
        label="App id"
        description="A number. By it we recognise what we wrote ourselves; may be left empty."
        value={appId}
        onChange={(event) => setAppId(event.currentTarget.value)}
        error={problem('appId')}
        inputMode="numeric"
        autoComplete="off"
      />
      {problem('webhookUrl') && <p className="late">Webhook address: {problem('webhookUrl')}</p>}
      <details open={problem('baseUrl') !== null || undefined}>
        <summary>Another API address</summary>
        <TextInput
          label="API address"
          description="Only for portals whose data HubSpot keeps behind another host, for example https://api-eu1.hubapi.com."
          value={baseUrl}
          onChange={(event) => setBaseUrl(event.currentTarget.value)}
          error={problem('baseUrl')}
          autoComplete="off"
        />
      </details>
      {connect.error && !isOnlyAbout(connect.error, FIELDS) && <ProblemNotice error={connect.error} />}
      <div>
        <Button type="submit" loading={connect.isPending} disabled={options.sandbox}>
          {isOAuth ? 'Continue to HubSpot' : 'Check what works'}
        </Button>
        <p className="quiet after-button">
          {isOAuth
            ? 'HubSpot asks you to choose the portal and to allow it, and sends you back here.'
            : 'Only checks: nothing is read in and nothing is written.'}{' '}
          What you paste is kept encrypted and is never shown again.
        </p>
      </div>
    </form>
  )
}
