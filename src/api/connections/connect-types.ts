import { z } from 'zod'

/**
 * What the console and the server say to each other about connecting a CRM. Secrets are in the requests only: no reply
 * has a place for one.
 */

/** ISO 8601 in UTC. */
const Instant = z.string()

export const AccessCheckView = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['works', 'missing', 'unknown']),
  need: z.enum(['required', 'needed', 'optional']),
  costs: z.string(),
  grant: z.string().nullable(),
  said: z.string().nullable(),
})
export type AccessCheckView = z.infer<typeof AccessCheckView>

/** The CRM's published limits, as it states them itself. */
export const AccessLimits = z.object({
  usedToday: z.number(),
  limitToday: z.number(),
  resets: z.enum(['rolling 24 hours', 'midnight of the account']),
  window: z.object({ ms: z.number(), limit: z.number() }).nullable(),
})
export type AccessLimits = z.infer<typeof AccessLimits>

/** Salesforce: the few entities that change events can be selected for. */
export const StreamSlots = z.object({ max: z.number(), taken: z.array(z.string()), missing: z.array(z.string()) })

export const AccessView = z.object({
  identity: z
    .object({
      accountId: z.string(),
      title: z.string(),
      timeZone: z.string().nullable(),
      actorName: z.string().nullable(),
      edition: z.string().nullable(),
    })
    .nullable(),
  checks: z.array(AccessCheckView),
  objects: z.array(z.object({ objectType: z.string(), fields: z.number(), unreadable: z.array(z.string()) })),
  limits: AccessLimits.nullable(),
  streamSlots: StreamSlots.nullable(),
})
export type AccessView = z.infer<typeof AccessView>

export const TaskKeyView = z.object({ enforced: z.boolean(), field: z.string().nullable(), why: z.string() })

export const GrantKind = z.enum([
  'hubspot-token',
  'hubspot-oauth',
  'salesforce-client-credentials',
  'salesforce-pkce',
  'salesforce-jwt',
])
export type GrantKindName = z.infer<typeof GrantKind>

export const DraftReply = z.object({
  id: z.string(),
  crm: z.string(),
  grantKind: GrantKind,
  baseUrl: z.string(),
  apiVersion: z.string(),
  webhookUrl: z.string().nullable(),
  /** The connection that is connected again; null for a new one. */
  connectionId: z.string().nullable(),
  status: z.enum(['authorizing', 'checking', 'checked', 'failed']),
  problem: z.string().nullable(),
  access: AccessView.nullable(),
  taskKey: TaskKeyView.nullable(),
  /** How changes will arrive, and how late at most when they are asked for. */
  feed: z.enum(['push', 'poll', 'stream']),
  delaySeconds: z.number().nullable(),
  createdAt: Instant,
})
export type DraftReply = z.infer<typeof DraftReply>

export const DraftsReply = z.object({ drafts: z.array(DraftReply) })
export type DraftsReply = z.infer<typeof DraftsReply>

/** Pasted values often bring a line break along. */
const pasted = (message: string, max = 4_000) =>
  z.string(message).trim().min(1, message).max(max, `Too long: at most ${max} characters.`)

/** An empty input means that it was not given. */
const optionalPasted = (message: string) =>
  z
    .string(message)
    .trim()
    .max(4_000, message)
    .transform((text) => (text === '' ? null : text))
    .nullable()
    .default(null)

const address = (message: string) =>
  z
    .string(message)
    .trim()
    .max(300, message)
    .transform((text) => text.replace(/\/+$/, ''))
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), message)

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

const hubspotAddress = {
  baseUrl: address('Enter an address such as https://api.hubapi.com.').default('https://api.hubapi.com'),
  apiVersion: z
    .string()
    .regex(/^\d{4}-\d{2}$/, 'Enter a version such as 2026-03.')
    .default('2026-03'),
  webhookUrl,
  connectionId: z.string().max(200).nullable().default(null),
}

const salesforceAddress = {
  baseUrl: address('Enter the My Domain address of the org, for example https://acme.my.salesforce.com.'),
  apiVersion: z
    .string()
    .regex(/^\d{2,3}\.0$/, 'Enter a version such as 67.0.')
    .default('67.0'),
  pubsubAddress: z
    .string()
    .trim()
    .regex(/^[^\s:/]+:\d{1,5}$/, 'Enter host:port, for example api.pubsub.salesforce.com:7443.')
    .default('api.pubsub.salesforce.com:7443'),
  connectionId: z.string().max(200).nullable().default(null),
}

const CLIENT_ID_SALESFORCE = 'Paste the consumer key of the External Client App.'

export const NewDraft = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hubspot-token'),
    token: pasted("Paste the access token from the app's Distribution tab in HubSpot."),
    clientSecret: optionalPasted('Enter the client secret on one line.'),
    appId,
    ...hubspotAddress,
  }),
  z.object({
    kind: z.literal('hubspot-oauth'),
    clientId: pasted("Paste the client id from the app's Auth tab in HubSpot.", 200),
    clientSecret: pasted("Paste the client secret from the app's Auth tab in HubSpot."),
    appId,
    ...hubspotAddress,
  }),
  z.object({
    kind: z.literal('salesforce-client-credentials'),
    clientId: pasted(CLIENT_ID_SALESFORCE),
    clientSecret: pasted('Paste the consumer secret of the External Client App.'),
    ...salesforceAddress,
  }),
  z.object({
    kind: z.literal('salesforce-pkce'),
    clientId: pasted(CLIENT_ID_SALESFORCE),
    clientSecret: optionalPasted('Enter the consumer secret on one line.'),
    ...salesforceAddress,
  }),
  z.object({
    kind: z.literal('salesforce-jwt'),
    clientId: pasted(CLIENT_ID_SALESFORCE),
    privateKey: pasted('Paste the private key, with its BEGIN and END lines.', 16_000),
    username: pasted("Enter the integration user's username, for example integration@acme.com.", 320),
    ...salesforceAddress,
  }),
])
export type NewDraft = z.infer<typeof NewDraft>
/** As the console sends it: what has a default may be left out. */
export type NewDraftInput = z.input<typeof NewDraft>

export const NewDraftReply = z.object({
  draftId: z.string(),
  /** `authorize`: the CRM asks a person first. `check`: the checks run. */
  next: z.enum(['authorize', 'check']),
})
export type NewDraftReply = z.infer<typeof NewDraftReply>

export const AuthorizeReply = z.object({ authorizeUrl: z.string() })
export type AuthorizeReply = z.infer<typeof AuthorizeReply>

const share = (message: string) => z.number(message).min(0.01, message).max(1, message)
export const Shares = z.object({
  dayShare: share('Enter a daily share between 1 and 100%.'),
  windowShare: share('Enter a burst share between 1 and 100%.'),
})
export type Shares = z.infer<typeof Shares>

export const StartReply = z.object({ connectionId: z.string() })
export type StartReply = z.infer<typeof StartReply>

export const DisconnectRequest = z
  .object({
    history: z.enum(['keep', 'erase']),
    /** Typed by hand before anything is erased. */
    title: z.string().max(300).default(''),
  })
  .strict()
export type DisconnectRequest = z.input<typeof DisconnectRequest>

export const DisconnectReply = z.object({ message: z.array(z.string()) })
export type DisconnectReply = z.infer<typeof DisconnectReply>

export const WritingRequest = z.object({ allowed: z.boolean() }).strict()
export type WritingRequest = z.infer<typeof WritingRequest>

export const ClientSecretRequest = z.object({
  add: z.string().trim().min(8, 'Too short for a client secret.').max(400).optional(),
  retireOld: z.boolean().optional(),
})
export type ClientSecretRequest = z.infer<typeof ClientSecretRequest>

export const ConnectOptionsReply = z.object({
  /** The sandbox CRMs run: what is connected here is gone at the next start. */
  sandbox: z.boolean(),
  publicUrl: z.string(),
  /** Whether the CRMs can reach us: an https address that is not of this machine. */
  isPublic: z.boolean(),
  hubspot: z.object({
    redirectUri: z.string(),
    webhookUrl: z.string(),
    /** How late a change is seen at most when HubSpot is asked for changes instead of telling them. */
    pollSeconds: z.number(),
    scopes: z.object({ required: z.array(z.string()), optional: z.array(z.string()) }),
    baseUrl: z.string(),
    apiVersion: z.string(),
  }),
  salesforce: z.object({
    redirectUri: z.string(),
    scopes: z.array(z.string()),
    /** The entities whose change events are used, at most five without an add-on. */
    entities: z.array(z.string()),
    apiVersion: z.string(),
    pubsubAddress: z.string(),
  }),
})
export type ConnectOptionsReply = z.infer<typeof ConnectOptionsReply>
