import type { Subscription } from '../webhook/subscriptions.ts'

type ReadmeInput = {
  readonly kind: 'static' | 'oauth'
  readonly webhookUrl: string | null
  readonly redirectUrl: string | null
  readonly optionalScopes: readonly string[]
  readonly subscriptions: readonly Subscription[]
}

/** The steps from these files to a connected account, for the admin. */
export function projectReadme(input: ReadmeInput): string {
  return [...steps(input), ...about(input)].join('\n')
}

function steps({ kind, webhookUrl, redirectUrl }: ReadmeInput): string[] {
  const credentials =
    kind === 'static'
      ? [
          '5. On the **Distribution** page of the app, install it in your account. The page then shows the access token.',
          '6. Copy the access token from there, and the client secret and the app id from the **Auth** page, into Lanekeeper:',
          '   Connections, Connect HubSpot, "App token".',
        ]
      : [
          `5. On the **Auth** page, check that the redirect address is \`${redirectUrl ?? ''}\`.`,
          '6. Copy the client id and the client secret from the **Auth** page into Lanekeeper: Connections, Connect HubSpot,',
          '   "OAuth". Lanekeeper then sends you to HubSpot to choose the account.',
        ]
  return [
    '# The Lanekeeper app for your HubSpot account',
    '',
    'These files create an app in your own account, for that account alone. No one else gets access.',
    '',
    '1. Install the command line of HubSpot: `npm install -g @hubspot/cli` (Node 20 or newer).',
    '2. `hs account auth`, and choose the account for the app.',
    '3. In this directory: `hs project upload`. Answer yes when it offers to create the project.',
    '4. `hs project open`, then open the app.',
    ...credentials,
    '7. Lanekeeper checks each permission and shows the result before it writes anything.',
    ...(webhookUrl === null
      ? []
      : [
          '',
          `HubSpot will send webhooks to \`${webhookUrl}\`. New subscriptions can take up to five minutes to begin.`,
        ]),
    '',
  ]
}

function about({ kind, webhookUrl, optionalScopes, subscriptions }: ReadmeInput): string[] {
  const properties = subscriptions.filter(({ propertyName }) => propertyName !== null).length
  return [
    '## When the policies change',
    '',
    'Create these files again and upload them. You cannot change authentication and distribution after the first',
    'upload: that takes a new project. After new scopes, '.concat(
      kind === 'static' ? 'install the app again.' : 'connect the account again in Lanekeeper.',
    ),
    ...(webhookUrl === null
      ? ['', 'There is no webhooks file, because Lanekeeper has no public https address: the account is polled.']
      : [
          '',
          `The webhooks file has ${subscriptions.length} subscriptions, ${properties} of them for one property each.`,
          'HubSpot refuses an upload that lacks an earlier subscription. `npx lanekeeper hubspot-project --former FILE` with',
          'the webhooks file that was uploaded keeps those as inactive.',
        ]),
    '',
    '## UNVERIFIED',
    '',
    'These files have not been tried on a real HubSpot account. If the upload fails, check these first:',
    '',
    `- Optional scopes (${optionalScopes.map((scope) => `\`${scope}\``).join(', ')}): some pages of HubSpot name them, its published`,
    '  list does not. If one is refused, take it out of `optionalScopes`; tasks then get no unique property from',
    '  Lanekeeper, and it looks tasks up before it writes them again.',
    ...(kind === 'static'
      ? [
          '- That a static app shows a client secret. Without one HubSpot cannot sign webhooks: leave it empty in Lanekeeper,',
          '  and the account is polled.',
        ]
      : []),
    ...(webhookUrl === null
      ? []
      : [
          '- Generic subscriptions (`object.*`) on tasks: the page that lists them is marked as beta.',
          '- Associations are subscribed to by their classic types (`legacyCrmObjects`), because HubSpot does not publish',
          '  what the generic one sends.',
        ]),
    '- `platformVersion` in `hsproject.json`: versions are published in March and September; a newer one should work too.',
    '- `support` in `app-hsmeta.json` is left out, as it is for the listing in the marketplace.',
    '',
  ]
}
