import { z } from 'zod'
import type { ConnectForm, EnteredConnection, FormOptions, Terminal } from '../connect-form.ts'
import { connectAgain, enteredAddress, optionalPasted, pasted } from '../entered-text.ts'
import type { HubSpotGrant } from '../grant.ts'
import { hubSpotScopes } from './login/scopes.ts'

const BASE_URL = 'https://api.hubapi.com'
const API_VERSION = '2026-03'

const webhookUrl = z
  .string()
  .trim()
  .max(300)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).search === '',
    'Enter an https:// address without "?".',
  )
  .nullable()
  .default(null)

const appId = z
  .string()
  .trim()
  .regex(/^\d{0,20}$/, 'Enter a number. HubSpot shows the app id on the app page.')
  .transform((text) => (text === '' ? null : text))
  .nullable()
  .default(null)

const address = {
  baseUrl: enteredAddress('Enter an address such as https://api.hubapi.com.').default(BASE_URL),
  apiVersion: z
    .string()
    .regex(/^\d{4}-\d{2}$/, 'Enter a version such as 2026-03.')
    .default(API_VERSION),
  webhookUrl,
  connectionId: connectAgain,
}

const TokenRequest = z.object({
  kind: z.literal('hubspot-token'),
  token: pasted("Paste the access token from the app's Distribution tab in HubSpot."),
  clientSecret: optionalPasted('Enter the client secret on one line.'),
  appId,
  ...address,
})

const OAuthRequest = z.object({
  kind: z.literal('hubspot-oauth'),
  clientId: pasted("Paste the client id from the app's Auth tab in HubSpot.", 200),
  clientSecret: pasted("Paste the client secret from the app's Auth tab in HubSpot."),
  appId,
  ...address,
})

/** As the console sends it: what has a default may be left out. */
export type HubSpotRequest = z.input<typeof TokenRequest> | z.input<typeof OAuthRequest>

/** What the console's form has to know first. */
export type HubSpotOptions = {
  readonly redirectUri: string
  readonly webhookUrl: string
  /** How late a polled change is seen at most. */
  readonly pollSeconds: number
  readonly scopes: { readonly required: readonly string[]; readonly optional: readonly string[] }
  readonly baseUrl: string
  readonly apiVersion: string
}

export const HUBSPOT_FORM: ConnectForm = {
  requests: [
    TokenRequest.superRefine(({ webhookUrl, clientSecret }, context) => {
      if (webhookUrl === null || clientSecret !== null) return
      const message = 'Paste the client secret: without it we cannot verify webhooks. Or choose polling.'
      context.addIssue({ code: 'custom', path: ['clientSecret'], message })
    }).transform(({ token, clientSecret, appId, ...rest }) => {
      const clientSecrets = clientSecret === null ? [] : [clientSecret]
      return entered({ kind: 'hubspot-token', token, clientSecrets, appId }, rest)
    }),
    OAuthRequest.transform(({ clientId, clientSecret, appId, ...rest }) =>
      entered({ kind: 'hubspot-oauth', clientId, clientSecrets: [clientSecret], appId }, rest),
    ),
  ],
  options: ({ redirectUri, webhookUrl, pollSeconds, needs }: FormOptions): HubSpotOptions => {
    const { required, optional } = hubSpotScopes(needs)
    const scopes = { required: [...required], optional: [...optional] }
    return { redirectUri, webhookUrl, pollSeconds, scopes, baseUrl: BASE_URL, apiVersion: API_VERSION }
  },
  terminal: {
    kinds: ['token', 'oauth'],
    kindsInBrowser: ['oauth'],
    options: {
      'app-id': { value: 'N', help: 'hubspot: id of the app; identifies our own changes' },
      'webhook-url': { value: 'URL', help: 'hubspot: the address that the app\'s webhooks call; "none" polls instead' },
      'base-url': { value: 'URL', help: 'hubspot: another API host' },
    },
    ask: askAtTerminal,
  },
}

function entered(
  grant: HubSpotGrant,
  of: Pick<EnteredConnection, 'webhookUrl' | 'connectionId'> & {
    readonly baseUrl: string
    readonly apiVersion: string
  },
): EnteredConnection {
  const { baseUrl, apiVersion, webhookUrl, connectionId } = of
  return { grant, address: { baseUrl, apiVersion, pubsubAddress: null }, webhookUrl, connectionId }
}

async function askAtTerminal(terminal: Terminal): Promise<Omit<EnteredConnection, 'connectionId'>> {
  const token = await terminal.secret('Access token of the static-auth app:', 'token')
  const asked = terminal.option('webhook-url') ?? terminal.webhookUrl
  const polls = asked === null || asked === 'none'
  if (polls) terminal.say('No webhooks: we poll HubSpot and see a change within about a minute.')
  const secrets = polls ? [] : [await terminal.secret('Client secret of the app (signs its webhooks):', 'clientSecret')]
  const appId = await terminal.optionalAnswer('App id (empty: not known):', 'app-id')
  return {
    grant: { kind: 'hubspot-token', token, clientSecrets: secrets.filter((one) => one !== ''), appId: appId || null },
    address: { baseUrl: terminal.option('base-url') ?? BASE_URL, apiVersion: API_VERSION, pubsubAddress: null },
    webhookUrl: polls ? null : asked,
  }
}
