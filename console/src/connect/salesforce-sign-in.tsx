import type { SalesforceKind } from './salesforce-form.tsx'

/** The boxes to check in the app, per kind of sign-in. */
export function OAuthFlow({ kind }: { kind: SalesforceKind }) {
  switch (kind) {
    case 'salesforce-client-credentials':
      return (
        <>
          Under <strong>Flow Enablement</strong>, check <strong>Enable Client Credentials Flow</strong>. Under Security,
          keep <strong>Require Proof Key for Code Exchange (PKCE)</strong> checked.
        </>
      )
    case 'salesforce-pkce':
      return (
        <>
          Under Security, keep <strong>Require Proof Key for Code Exchange (PKCE)</strong> and{' '}
          <strong>Require secret for Web Server Flow</strong> checked.
        </>
      )
    case 'salesforce-jwt':
      return (
        <>
          Under <strong>Flow Enablement</strong>, check <strong>Enable JWT Bearer Flow</strong> and upload{' '}
          <code>lanekeeper.crt</code>. Under Security, keep <strong>Require Proof Key for Code Exchange (PKCE)</strong>{' '}
          checked.
        </>
      )
  }
}

/** The user whose name shows on everything Lanekeeper writes. */
export function RunsAs({ kind }: { kind: SalesforceKind }) {
  switch (kind) {
    case 'salesforce-client-credentials':
      return (
        <p>
          On the app's <strong>Policies</strong> tab, click <strong>Edit</strong>. Under OAuth Flows, check{' '}
          <strong>Enable Client Credentials Flow</strong> and enter an integration user as <strong>Run As</strong>.
          Lanekeeper's changes show that user's name.
        </p>
      )
    case 'salesforce-pkce':
      return (
        <p>
          Lanekeeper acts as the user who signs in below. Use an integration user instead of your own: Lanekeeper's
          changes show that name, and the connection stops when that user is deactivated.
        </p>
      )
    case 'salesforce-jwt':
      return (
        <p>
          On the app's <strong>Policies</strong> tab, click <strong>Edit</strong>. Set Permitted Users to{' '}
          <strong>Admin approved users are pre-authorized</strong> and add a permission set of your integration user.
        </p>
      )
  }
}
