import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import type { ChangeEvent, ConnectionId } from './change-event.ts'
import { withoutTaskTexts } from './task-event.ts'

const event = (objectType: string, fields: ChangeEvent['fields']): ChangeEvent => ({
  connectionId: 'c' as ConnectionId,
  dedupeKey: '1',
  objectType,
  recordId: '1',
  kind: 'changed',
  occurredAtMs: 1,
  order: 0,
  fields,
  complete: false,
  source: 'webhook',
  actor: { kind: 'unknown', id: null, ours: false },
})

describe('the event of a task', () => {
  it('keeps who owns it and whether it is closed, and no text', () => {
    const [hubspot, salesforce] = withoutTaskTexts([
      event('tasks', {
        hs_task_subject: 'Call Zoe',
        hs_task_body: 'Zoe',
        hs_task_status: 'COMPLETED',
        hubspot_owner_id: '7',
      }),
      event('Task', { Subject: 'Call Zoe', Description: 'Zoe', IsClosed: 'true', OwnerId: '005', WhoId: '00Q' }),
    ])
    assert.deepEqual(hubspot?.fields, { hs_task_status: 'COMPLETED', hubspot_owner_id: '7' })
    assert.deepEqual(salesforce?.fields, { IsClosed: 'true', OwnerId: '005' })
  })

  it('leaves the events of other objects as they are', () => {
    const given = event('contacts', { Subject: 'a field of that name', email: 'zoe@x.example' })
    assert.deepEqual(withoutTaskTexts([given]), [given])
  })
})
