import { parseWebhook } from '../../src/crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../src/crm/hubspot/webhook/events.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'

/** Notifications as HubSpot sends them, read at a fixed moment. */
export const connectionId = 'hs' as ConnectionId
export const nowMs = 1_790_000_000_000

export function read(...items: object[]) {
  const delivery = parseWebhook(Buffer.from(JSON.stringify(items)))
  const notifications = delivery.notifications.map(({ event }) => event)
  return { ...toChangeEvents({ connectionId, notifications, nowMs }), unread: delivery.skipped.length }
}

export function change(over: object = {}): object {
  return {
    eventId: 7,
    portalId: 33,
    appId: 900,
    occurredAt: nowMs - 5_000,
    subscriptionType: 'contact.propertyChange',
    attemptNumber: 3,
    objectId: 541935488729,
    propertyName: 'email',
    propertyValue: 'a@b.example',
    changeSource: 'CRM_UI',
    sourceId: 'userId:12',
    ...over,
  }
}
