import { z } from 'zod'
import type { ConnectForm, EnteredConnection, Terminal } from '../connect-form.ts'
import { connectAgain, enteredAddress, optionalPasted, pasted } from '../entered-text.ts'
import type { SalesforceGrant } from '../grant.ts'

const API_VERSION = '67.0'
const PUBSUB_ADDRESS = 'api.pubsub.salesforce.com:7443'

/** Those of the objects that we read for which Salesforce has change events, and User for who left; at most five. */
const STREAMED = ['Lead', 'Account', 'Contact', 'Opportunity', 'User']

const address = {
  baseUrl: enteredAddress('Enter the My Domain address of the org, for example https://acme.my.salesforce.com.'),
  apiVersion: z
    .string()
    .regex(/^\d{2,3}\.0$/, 'Enter a version such as 67.0.')
    .default(API_VERSION),
  pubsubAddress: z
    .string()
    .trim()
    .regex(/^[^\s:/]+:\d{1,5}$/, 'Enter host:port, for example api.pubsub.salesforce.com:7443.')
    .default(PUBSUB_ADDRESS),
  connectionId: connectAgain,
}

const clientId = pasted('Paste the consumer key of the External Client App.')

const ClientCredentialsRequest = z.object({
  kind: z.literal('salesforce-client-credentials'),
  clientId,
  clientSecret: pasted('Paste the consumer secret of the External Client App.'),
  ...address,
})

const PkceRequest = z.object({
  kind: z.literal('salesforce-pkce'),
  clientId,
  clientSecret: optionalPasted('Enter the consumer secret on one line.'),
  ...address,
})

const JwtRequest = z.object({
  kind: z.literal('salesforce-jwt'),
  clientId,
  privateKey: pasted('Paste the private key, with its BEGIN and END lines.', 16_000),
  username: pasted("Enter the integration user's username, for example integration@acme.com.", 320),
  ...address,
})

/** As the console sends it: what has a default may be left out. */
export type SalesforceRequest =
  | z.input<typeof ClientCredentialsRequest>
  | z.input<typeof PkceRequest>
  | z.input<typeof JwtRequest>

/** What the console's form has to know first. */
export type SalesforceOptions = {
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** The entities whose change events are used, at most five without an add-on. */
  readonly entities: readonly string[]
  readonly apiVersion: string
  readonly pubsubAddress: string
}

export const SALESFORCE_FORM: ConnectForm = {
  requests: [
    ClientCredentialsRequest.transform(({ kind, clientId, clientSecret, ...rest }) =>
      entered({ kind, clientId, clientSecret }, rest),
    ),
    PkceRequest.transform(({ kind, clientId, clientSecret, ...rest }) =>
      entered({ kind, clientId, clientSecret }, rest),
    ),
    JwtRequest.transform(({ kind, clientId, privateKey, username, ...rest }) =>
      entered({ kind, clientId, privateKey, username }, rest),
    ),
  ],
  options: ({ redirectUri }): SalesforceOptions => ({
    redirectUri,
    scopes: ['api', 'refresh_token'],
    entities: STREAMED,
    apiVersion: API_VERSION,
    pubsubAddress: PUBSUB_ADDRESS,
  }),
  terminal: {
    kinds: ['client-credentials', 'jwt', 'pkce'],
    kindsInBrowser: ['pkce'],
    options: {
      'login-url': { value: 'URL', help: 'salesforce: My Domain, https://acme.my.salesforce.com' },
      'client-id': { value: 'ID', help: 'salesforce: consumer key of the External Client App' },
      username: { value: 'NAME', help: 'salesforce jwt: the pre-authorized user' },
      'private-key': { value: 'FILE', help: 'salesforce jwt: RSA key, PKCS8 PEM' },
      pubsub: { value: 'HOST:PORT', help: 'salesforce: another address of the Pub/Sub API' },
    },
    ask: askAtTerminal,
  },
}

type EnteredAddress = { readonly baseUrl: string; readonly apiVersion: string; readonly pubsubAddress: string }

function entered(
  grant: SalesforceGrant,
  { connectionId, ...address }: EnteredAddress & Pick<EnteredConnection, 'connectionId'>,
): EnteredConnection {
  return { grant, address, webhookUrl: null, connectionId }
}

async function askAtTerminal(terminal: Terminal): Promise<Omit<EnteredConnection, 'connectionId'>> {
  const baseUrl = await terminal.answer('My Domain URL (https://acme.my.salesforce.com):', 'login-url')
  const clientId = await terminal.answer('Consumer key of the External Client App:', 'client-id')
  const apiVersion = terminal.apiVersion ?? API_VERSION
  const address = { baseUrl, apiVersion, pubsubAddress: terminal.option('pubsub') ?? PUBSUB_ADDRESS }
  if (terminal.kind === 'jwt') {
    const username = await terminal.answer('User name that the app acts as:', 'username')
    const file = await terminal.answer('File with the private key (PEM):', 'private-key')
    const privateKey = await terminal.readFile(file)
    return { grant: { kind: 'salesforce-jwt', clientId, privateKey, username }, address, webhookUrl: null }
  }
  const clientSecret = await terminal.secret('Consumer secret:', 'clientSecret')
  return { grant: { kind: 'salesforce-client-credentials', clientId, clientSecret }, address, webhookUrl: null }
}
