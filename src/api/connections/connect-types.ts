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

/** The few objects that a CRM sends change events of, where it has such a limit. */
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

export const DraftReply = z.object({
  id: z.string(),
  crm: z.string(),
  grantKind: z.string(),
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

/** Writing is on, or whose yes it still waits for. */
export const WritingReply = z.object({ isOn: z.boolean(), waitsFor: z.array(z.string()) })
export type WritingReply = z.infer<typeof WritingReply>

export const WritingRequest = z.object({ allowed: z.boolean() }).strict()
export type WritingRequest = z.infer<typeof WritingRequest>

export const ClientSecretRequest = z.object({
  add: z.string().trim().min(8, 'Too short for a client secret.').max(400).optional(),
  retireOld: z.boolean().optional(),
})
export type ClientSecretRequest = z.infer<typeof ClientSecretRequest>

/** Besides these, what the form of each CRM has to know, by the CRM's name: its `ConnectForm.options`. */
export const ConnectOptionsReply = z
  .object({
    /** The sandbox CRMs run: what is connected here is gone at the next start. */
    sandbox: z.boolean(),
    publicUrl: z.string(),
    /** Whether the CRMs that send webhooks can reach us: an https address that is not of this machine. */
    isPublic: z.boolean(),
  })
  .catchall(z.unknown())
export type ConnectOptionsReply = z.infer<typeof ConnectOptionsReply>
