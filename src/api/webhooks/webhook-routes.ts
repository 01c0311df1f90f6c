import type { FastifyError, FastifyPluginAsync } from 'fastify'
import type { AccountDelivery, CrmWebhook, DeliveryReading, SkippedItems } from '../../crm/crm-webhook.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { receiveEvents } from '../../pipeline/receive/receive.ts'
import { count } from '../../store/database/counters.ts'
import type { Database } from '../../store/database/database.ts'
import { ProblemError } from '../server/problem.ts'
import { passOverRest } from './pass-over-rest.ts'
import type { KnownReceivers } from './webhook-receivers.ts'

export type WebhookOptions = {
  readonly db: Database
  readonly crm: Crm
  /** Who may receive. Read again when it is older than a few seconds, or when asked to. */
  readonly connections: (how?: 'fresh') => Promise<KnownReceivers>
  readonly wakeApply: (connectionId: ConnectionId) => void
  readonly nowMs: () => number
}

/** Promise 2: what we cannot commit is refused loudly within two seconds, and the sender tries again. */
const COMMIT_WITHIN_MS = 2_000

const EVENTS_AT_ONCE = 1_000

/**
 * The notifications of one CRM: its adapter verifies and reads them, we commit and answer. Nothing else happens before
 * the answer. An unknown account gets a 2xx, because a CRM retries every other answer for a day; what we cannot judge
 * through a fault of ours gets a 503, so that it comes again.
 */
export function webhookRoutes(options: WebhookOptions): FastifyPluginAsync {
  const { webhook } = adapterOf(options.crm)
  if (webhook === null) throw new TypeError(`${crmProfile(options.crm).title} sends no webhooks`)
  return async (app) => {
    // Verified as received: parsing and printing again would change the bytes that were signed.
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler(async (error: FastifyError, request) => {
      if (error.statusCode !== 413) throw error
      await passOverRest(request.raw)
      throw await tooLarge(options, `The delivery is larger than ${webhook.bodyBytesMax} bytes.`)
    })
    app.post(webhookPath(options.crm), { bodyLimit: webhook.bodyBytesMax }, async (request, reply) => {
      const delivery = {
        method: request.method,
        rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        headers: request.headers,
        nowMs: options.nowMs(),
      }
      const { reading, known } = await readKnowing(options, webhook, delivery)
      if (reading.outcome === 'refused') {
        const refusal = await refused(options, known, reading)
        if (refusal !== null) throw refusal
        return reply.code(204).send()
      }
      if (reading.outcome === 'unreadable') {
        await counted(options.db, 'webhook-refused', 1, { detail: 'format' })
        throw new ProblemError('bad-request', 400, reading.message)
      }
      if (reading.outcome === 'too-large') throw await tooLarge(options, reading.message)
      // Whose they are is the very thing that could not be read.
      await countSkipped(options.db, reading.skipped)
      let isKeyMissing = false
      for (const account of reading.accounts) {
        if ((await storeAccount(options, known, account)) === 'key-missing') isKeyMissing = true
      }
      // What was stored of it is a duplicate when it comes again.
      if (isKeyMissing) throw await keyMissing(options)
      return reply.code(204).send()
    })
  }
}

export function webhookPath(crm: Crm): string {
  return `/webhooks/${crm}`
}

type Delivery = Parameters<CrmWebhook['readDelivery']>[0]
type Refused = Extract<DeliveryReading, { outcome: 'refused' }>

async function readKnowing(
  { connections }: WebhookOptions,
  webhook: CrmWebhook,
  delivery: Delivery,
): Promise<{ readonly reading: DeliveryReading; readonly known: KnownReceivers }> {
  const known = await inTime(connections())
  const reading = webhook.readDelivery(delivery, known.receivers)
  if (reading.outcome !== 'refused' || reading.why !== 'bad-signature') return { reading, known }
  // The CRM may never repeat what got a 401, and its secret may have been added a moment ago.
  const fresh = await inTime(connections('fresh'))
  return { reading: webhook.readDelivery(delivery, fresh.receivers), known: fresh }
}

async function storeAccount(
  { db, wakeApply }: WebhookOptions,
  { unreadable }: KnownReceivers,
  { accountId, items, receiver, isBelieved, events, skipped }: AccountDelivery,
): Promise<'done' | 'key-missing'> {
  if (receiver === null) {
    if (unreadable.includes(accountId)) return 'key-missing'
    await counted(db, 'webhook-unknown-portal', items, { detail: accountId })
    return 'done'
  }
  // Promise 11: whoever may sign for one account may not speak for another.
  if (!isBelieved) {
    await counted(db, 'webhook-refused', items, { detail: 'other-portal' })
    return 'done'
  }
  const { connectionId } = receiver
  await inTime(receiveInParts(db, events))
  wakeApply(connectionId)
  await countSkipped(db, skipped, connectionId)
  return 'done'
}

/** Each part is committed by itself, so a delivery that takes too long has less left when it comes again. */
async function receiveInParts(db: Database, events: AccountDelivery['events']): Promise<void> {
  for (let at = 0; at < events.length; at += EVENTS_AT_ONCE) {
    await receiveEvents(db, events.slice(at, at + EVENTS_AT_ONCE))
  }
}

/** Why a delivery that no receiver can verify is not taken. Null: no connection waits for it either. */
async function refused(
  options: WebhookOptions,
  { receivers, unreadable, isAnyKnown }: KnownReceivers,
  { why, remedy }: Refused,
): Promise<ProblemError | null> {
  const { db, crm } = options
  // The CRM tries again on a 503; before the first connection there is no secret to tell a true sender by.
  if (!isAnyKnown) {
    const detail = `No ${crmProfile(crm).title} is connected yet; send it again.`
    return new ProblemError('not-connected', 503, detail, { retryable: true })
  }
  if (why === 'bad-signature' && unreadable.length > 0) return keyMissing(options)
  if (receivers.length === 0 && unreadable.length === 0) {
    // Every connection was ended, or is polled. Anything but a 2xx would come back for a day.
    await counted(db, 'webhook-unwanted', 1, { detail: 'no-secret' })
    return null
  }
  await counted(db, 'webhook-refused', 1, { detail: why })
  return new ProblemError('bad-signature', 401, remedy)
}

/** The fault is ours and may be mended within the day for which the CRM tries again. */
async function keyMissing({ db, crm }: WebhookOptions): Promise<ProblemError> {
  await counted(db, 'webhook-refused', 1, { detail: 'key-missing' })
  const detail = `The key that the client secret of a ${crmProfile(crm).title} connection was sealed with is missing here; send it again.`
  return new ProblemError('not-ready', 503, detail, { retryable: true })
}

/**
 * Counted, so that the connections show it (src/notices/from-counters.ts). Not a 4xx: no admin of the CRM can mend the
 * size of a delivery, and a version or a proxy of ours may take it within the day for which the CRM tries again.
 */
async function tooLarge({ db }: WebhookOptions, message: string): Promise<ProblemError> {
  await counted(db, 'webhook-refused', 1, { detail: 'too-large' })
  const detail = `${message} Its changes are found by polling; sent again in smaller parts it is taken.`
  return new ProblemError('body-too-large', 503, detail, { retryable: true })
}

async function countSkipped(
  db: Database,
  skipped: readonly SkippedItems[],
  connectionId?: ConnectionId,
): Promise<void> {
  for (const { reason, n } of skipped) {
    await counted(db, 'webhook-skipped', n, { ...(connectionId === undefined ? {} : { connectionId }), detail: reason })
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
