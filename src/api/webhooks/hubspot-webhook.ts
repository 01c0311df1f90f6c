import type { FastifyPluginAsync } from 'fastify'
import type { FieldTypeOf } from '../../crm/hubspot/read/field-text.ts'
import { type ParsedDelivery, parseWebhook, WebhookFormatError } from '../../crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../crm/hubspot/webhook/events.ts'
import { verifySignature } from '../../crm/hubspot/webhook/signature.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import { receiveEvents } from '../../pipeline/receive/receive.ts'
import { count } from '../../store/database/counters.ts'
import type { Database } from '../../store/database/database.ts'
import { ProblemError } from '../server/problem.ts'

export type WebhookOptions = {
  readonly db: Database
  /** Where HubSpot calls us, for connections that name no address of their own. */
  readonly webhookUrl: string
  /** What is known of the HubSpot connections. Read again when it is older than a few seconds, or when asked to. */
  readonly connections: (how?: 'anew') => Promise<HubSpotReceivers>
  readonly wakeApply: (connectionId: ConnectionId) => void
  readonly nowMs: () => number
}

export type HubSpotReceiver = {
  readonly connectionId: ConnectionId
  readonly portalId: string
  /** Null: not known; then the app that a notification names is ours. */
  readonly appId: string | null
  /** The URL that HubSpot was told to call: what it signs, whatever a proxy made of the request since. */
  readonly webhookUrl?: string | null
  /** Where it was told to call until lately, which it may still do. */
  readonly formerUrl?: string | null
  /** The app's client secret; during a rotation the new and the old one. */
  readonly secrets: readonly string[]
  readonly fields: Readonly<Record<string, readonly FieldSchema[]>>
}

export type HubSpotReceivers = {
  readonly receivers: readonly HubSpotReceiver[]
  /** Portals that are connected and whose secrets none of our keys opens: what they send is neither believed nor forged. */
  readonly unreadable: readonly string[]
  /** There is a HubSpot connection, were it an ended one, or one that is polled and has no secret. */
  readonly isAnyKnown: boolean
}

/** Promise 2: what we cannot commit is refused loudly within two seconds, and the sender tries again. */
const COMMIT_WITHIN_MS = 2_000

/**
 * HubSpot's notifications: verify on the raw bytes, turn into change events, commit, answer. Nothing else happens before
 * the answer. An unknown portal gets a 2xx, because HubSpot retries every other answer for a day; what we cannot judge
 * through a fault of ours gets a 503, so that it comes again.
 */
export function webhookRoutes(options: WebhookOptions): FastifyPluginAsync {
  return async (app) => {
    // Verified as received: parsing and printing again would change the bytes that were signed.
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.post('/webhooks/hubspot', async (request, reply) => {
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const signed = {
        method: request.method,
        rawBody,
        headers: request.headers,
        defaultUrl: options.webhookUrl,
        nowMs: options.nowMs(),
      }
      let now = await known(options)
      let judged = signedFor(now.receivers, signed)
      if (judged.verdict === 'bad-signature') {
        // HubSpot may never repeat what got a 401, and its secret may have been added a moment ago.
        now = await known(options, 'anew')
        judged = signedFor(now.receivers, signed)
      }
      if (judged.verdict !== 'ok') {
        const refusal = await refused(options.db, now, judged.verdict)
        if (refusal !== null) throw refusal
        return reply.code(204).send()
      }
      const { receivers, unreadable } = now
      const { believed } = judged
      const delivery = await parse(options.db, rawBody)
      // Which portal they belong to is the very thing that could not be read.
      for (const [reason, unread] of Map.groupBy(delivery.skipped, (item) => item.reason)) {
        await counted(options.db, 'webhook-skipped', unread.length, { detail: reason })
      }
      const portals = byPortal(delivery.notifications)
      let isKeyMissing = false
      for (const [portalId, notifications] of portals) {
        const receiver = receivers.find((r) => r.portalId === portalId)
        if (!receiver && unreadable.includes(portalId)) {
          isKeyMissing = true
          continue
        }
        if (!receiver) {
          await counted(options.db, 'webhook-unknown-portal', notifications.length, { detail: portalId })
          continue
        }
        // Promise 11: whoever may sign for one portal may not speak for another.
        if (!believed.has(receiver)) {
          await counted(options.db, 'webhook-refused', notifications.length, { detail: 'other-portal' })
          continue
        }
        const read = toChangeEvents({
          connectionId: receiver.connectionId,
          notifications,
          appId: receiver.appId,
          fieldType: fieldTypes(receiver),
          nowMs: options.nowMs(),
        })
        await inTime(receiveEvents(options.db, read.events))
        const { connectionId } = receiver
        options.wakeApply(connectionId)
        const reasons = Map.groupBy(read.skipped, ({ reason }) => reason)
        for (const [reason, skipped] of reasons) {
          await counted(options.db, 'webhook-skipped', skipped.length, { connectionId, detail: reason })
        }
      }
      // What was stored of it is a duplicate when it comes again.
      if (isKeyMissing) throw await keyMissing(options.db)
      return reply.code(204).send()
    })
  }
}

type Verdict = ReturnType<typeof verifySignature>

/**
 * For which connections a delivery was signed: by one of their secrets, over the address that their HubSpot was told to
 * call. Apps shared by several portals are looked at once.
 */
function signedFor(
  receivers: readonly HubSpotReceiver[],
  delivery: Pick<Parameters<typeof verifySignature>[0], 'method' | 'rawBody' | 'headers' | 'nowMs'> & {
    readonly defaultUrl: string
  },
): { readonly believed: ReadonlySet<HubSpotReceiver>; readonly verdict: Verdict } {
  const { defaultUrl, ...signed } = delivery
  const verdicts = new Map<string, Verdict>()
  const believed = new Set<HubSpotReceiver>()
  for (const receiver of receivers) {
    const { webhookUrl, formerUrl, secrets } = receiver
    for (const url of [webhookUrl ?? defaultUrl, ...(formerUrl ? [formerUrl] : [])]) {
      const key = JSON.stringify([url, secrets])
      const verdict = verdicts.get(key) ?? verifySignature({ ...signed, url, secrets })
      verdicts.set(key, verdict)
      if (verdict === 'ok') believed.add(receiver)
    }
  }
  // Stale and malformed are said of the headers and are the same for all.
  const [refused = 'bad-signature'] = verdicts.values()
  return { believed, verdict: believed.size > 0 ? 'ok' : refused }
}

const SIGNATURE_ADVICE = {
  'bad-signature':
    'The signature does not match. Check that the client secret of the app is the one given to Lanekeeper, and that the ' +
    "app's target URL is exactly the webhook URL that Lanekeeper shows.",
  stale: 'The signature is more than five minutes old. Check the clock of this machine.',
  malformed: 'The signature headers X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp are missing or unreadable.',
} as const

/** Why what nobody signed for is not taken. Null: nobody waits for it either. */
async function refused(
  db: Database,
  { receivers, unreadable, isAnyKnown }: HubSpotReceivers,
  verdict: Exclude<Verdict, 'ok'>,
): Promise<ProblemError | null> {
  // HubSpot tries again on a 503; before the first connection there is no secret to tell a true sender by.
  if (!isAnyKnown) {
    return new ProblemError('not-connected', 503, 'No HubSpot is connected yet; send it again.', { retryable: true })
  }
  if (verdict === 'bad-signature' && unreadable.length > 0) return keyMissing(db)
  if (receivers.length === 0 && unreadable.length === 0) {
    // Every portal was ended, or is polled. Anything but a 2xx would come back for a day.
    await counted(db, 'webhook-unwanted', 1, { detail: 'no-secret' })
    return null
  }
  await counted(db, 'webhook-refused', 1, { detail: verdict })
  return new ProblemError('bad-signature', 401, SIGNATURE_ADVICE[verdict])
}

async function known(options: WebhookOptions, how?: 'anew'): Promise<HubSpotReceivers> {
  return inTime(options.connections(how))
}

/** The fault is ours and may be mended within the day for which HubSpot tries again. */
async function keyMissing(db: Database): Promise<ProblemError> {
  await counted(db, 'webhook-refused', 1, { detail: 'key-missing' })
  return new ProblemError(
    'not-ready',
    503,
    'The key that the client secret of a HubSpot connection was sealed with is missing here; send it again.',
    { retryable: true },
  )
}

async function parse(db: Database, rawBody: Buffer): Promise<ParsedDelivery> {
  try {
    return parseWebhook(rawBody)
  } catch (error) {
    if (!(error instanceof WebhookFormatError)) throw error
    await counted(db, 'webhook-refused', 1, { detail: 'format' })
    throw new ProblemError('bad-request', 400, error.message, { cause: error })
  }
}

/** Counting must never turn an answer into another one: what is stored is stored, what is refused is refused. */
async function counted(
  db: Database,
  name: string,
  n: number,
  where: { readonly connectionId?: string; readonly detail: string },
): Promise<void> {
  await count(db, name, n, where).catch(() => undefined)
}

function byPortal(notifications: ParsedDelivery['notifications']) {
  const portals = new Map<string, (typeof notifications)[number]['event'][]>()
  for (const { portalId, event } of notifications) {
    const list = portals.get(String(portalId))
    if (list) list.push(event)
    else portals.set(String(portalId), [event])
  }
  return portals
}

function fieldTypes(receiver: HubSpotReceiver): FieldTypeOf {
  const types = new Map<string, FieldSchema['type']>()
  for (const [objectType, fields] of Object.entries(receiver.fields)) {
    for (const field of fields) types.set(`${objectType}/${field.name}`, field.type)
  }
  return (objectType, field) => types.get(`${objectType}/${field}`)
}

/** Rejects with a retryable problem when the database takes too long. What commits late is a duplicate on the retry. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ProblemError('database-unavailable', 503, 'Not stored in time; send it again.', { retryable: true }),
        ),
      COMMIT_WITHIN_MS,
    )
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw new ProblemError('database-unavailable', 503, 'Not stored; send it again.', { retryable: true, cause: error })
  } finally {
    clearTimeout(timer)
  }
}
