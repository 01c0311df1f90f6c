import { Code, Group } from '@mantine/core'
import { CopyField } from '../parts/copy-field.tsx'
import type { ConnectOptions } from './connect-options.ts'
import { SalesforceForm, type SalesforceKind } from './salesforce-form.tsx'
import { OAuthFlow, RunsAs } from './salesforce-sign-in.tsx'
import { Step, Steps } from './steps.tsx'

type Props = { kind: SalesforceKind; options: ConnectOptions; again: string | null }

const MAKE_KEYS =
  'openssl req -x509 -newkey rsa:2048 -nodes -days 730 -subj /CN=lanekeeper -keyout lanekeeper.key -out lanekeeper.crt'

/** From the External Client App to pasting its credentials. */
export function ConnectSalesforce({ kind, options, again }: Props) {
  const { salesforce } = options
  return (
    <Steps>
      {kind === 'salesforce-jwt' && (
        <Step title="Create a key pair">
          <p>On your own machine. You paste the key here and upload the certificate to Salesforce.</p>
          <CopyField label="Run in a terminal" value={MAKE_KEYS} />
        </Step>
      )}
      <Step title="Create an External Client App">
        <ExternalClientApp kind={kind} redirectUri={salesforce.redirectUri} />
      </Step>
      <Step title="Choose its user">
        <RunsAs kind={kind} />
        <Permissions />
      </Step>
      <Step title="Select the change events">
        <p>
          In Setup, search for <strong>Change Data Capture</strong> and move these entities to Selected Entities. An org
          without the add-on can select five.
        </p>
        <Group gap={6}>
          {salesforce.entities.map((entity) => (
            <Code key={entity}>{entity}</Code>
          ))}
        </Group>
      </Step>
      <Step title="Paste it here">
        <SalesforceForm kind={kind} options={options} again={again} />
      </Step>
    </Steps>
  )
}

function ExternalClientApp({ kind, redirectUri }: { kind: SalesforceKind; redirectUri: string }) {
  return (
    <>
      <p>
        In Salesforce, open <strong>Setup</strong>, search for <strong>External Client App Manager</strong> and click{' '}
        <strong>New External Client App</strong>.
      </p>
      <ul className="bullets">
        <li>
          Name <strong>Lanekeeper</strong>, your email, distribution state <strong>Local</strong>.
        </li>
        <li>
          Open <strong>API (Enable OAuth Settings)</strong> and check <strong>Enable OAuth</strong>.
        </li>
        <li>
          Paste this as the callback URL:
          <CopyField label="Callback URL" value={redirectUri} />
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
          <OAuthFlow kind={kind} />
        </li>
        <li>
          Click <strong>Create</strong>. A new app can take a few minutes to work.
        </li>
      </ul>
    </>
  )
}

function Permissions() {
  return (
    <>
      <p>This user needs a permission set with:</p>
      <ul className="bullets">
        <li>
          <strong>API Enabled</strong>, and <strong>View Setup and Configuration</strong> to read the org's API limits
        </li>
        <li>
          <strong>View All Records</strong> on Lead, Account, Contact and Opportunity, and{' '}
          <strong>View All Users</strong>. Without them, Salesforce silently leaves out change events.
        </li>
        <li>
          <strong>Create</strong> and <strong>Edit</strong> on Task. <strong>Edit</strong> and{' '}
          <strong>Transfer Record</strong> on objects whose owner your rules set.
        </li>
      </ul>
    </>
  )
}
