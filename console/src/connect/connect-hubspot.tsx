import { useState } from 'react'
import { CopyField } from '../parts/copy-field.tsx'
import { DownloadIcon } from '../parts/icons.tsx'
import type { ConnectOptions } from './connect-options.ts'
import { type Feed, HubSpotFeed } from './hubspot-feed.tsx'
import { HubSpotForm, type HubSpotKind } from './hubspot-form.tsx'
import { Step, Steps } from './steps.tsx'

type Props = { kind: HubSpotKind; options: ConnectOptions; again: string | null }

/** From choosing how changes arrive to pasting the credentials. */
export function ConnectHubSpot({ kind, options, again }: Props) {
  const { hubspot, isPublic } = options
  const isOAuth = kind === 'hubspot-oauth'
  const [feed, setFeed] = useState<Feed>(isPublic ? 'push' : 'poll')
  const [webhookUrl, setWebhookUrl] = useState(isPublic ? hubspot.webhookUrl : '')
  return (
    <Steps>
      <Step title="Choose how changes arrive">
        <HubSpotFeed
          options={options}
          feed={feed}
          onFeed={setFeed}
          webhookUrl={webhookUrl}
          onWebhookUrl={setWebhookUrl}
        />
      </Step>
      <Step title="Create the app in your portal">
        <ProjectFiles hubspot={hubspot} isOAuth={isOAuth} isPush={feed === 'push'} />
      </Step>
      {isOAuth ? (
        <Step title="Find its client id and secret">
          <p>
            In HubSpot, open <strong>Development &gt; Projects &gt; lanekeeper</strong>. Under{' '}
            <strong>Project components</strong>, click the app, then the <strong>Auth</strong> tab. Copy the client id
            and the client secret, and check that the redirect URL is:
          </p>
          <CopyField label="Redirect URL" value={hubspot.redirectUri} />
        </Step>
      ) : (
        <Step title="Install the app and find its token">
          <p>
            In HubSpot, open <strong>Development &gt; Projects &gt; lanekeeper</strong>. Under{' '}
            <strong>Project components</strong>, click the app.
          </p>
          <ul className="bullets">
            <li>
              <strong>Distribution</strong> tab: install the app in this account, then copy the access token.
            </li>
            <li>
              <strong>Auth</strong> tab: copy the client secret and the app id.
            </li>
          </ul>
        </Step>
      )}
      <Step title={isOAuth ? 'Paste them here' : 'Paste it here'}>
        <HubSpotForm kind={kind} options={options} again={again} webhookUrl={feed === 'push' ? webhookUrl : null} />
      </Step>
    </Steps>
  )
}

type FilesProps = { hubspot: ConnectOptions['hubspot']; isOAuth: boolean; isPush: boolean }

function ProjectFiles({ hubspot: { scopes }, isOAuth, isPush }: FilesProps) {
  const zip = `/api/console/hubspot-project.zip?kind=${isOAuth ? 'oauth' : 'static'}&push=${isPush}`
  return (
    <>
      <p>
        HubSpot apps come from project files. These files request only the permissions
        {isPush && ' and webhooks'} your workflows need.
      </p>
      <p>
        <a className="with-icon" href={zip} download="lanekeeper-hubspot-project.zip">
          <DownloadIcon />
          Download the project files
        </a>
      </p>
      <p>Unzip them, open a terminal in that folder and run these commands in order:</p>
      <CopyField label="Install the HubSpot CLI" value="npm install -g @hubspot/cli" />
      <CopyField label="Sign in and choose your portal" value="hs account auth" />
      <CopyField label="Upload, and answer yes to create the project" value="hs project upload" />
      <details>
        <summary>The {scopes.required.length + scopes.optional.length} scopes in these files</summary>
        <CopyField label="Required scopes" value={scopes.required.join(' ')} />
        {scopes.optional.length > 0 && <CopyField label="Optional scopes" value={scopes.optional.join(' ')} />}
      </details>
    </>
  )
}
