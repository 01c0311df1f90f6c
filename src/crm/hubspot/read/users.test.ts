import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { portal } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('the people of a portal', () => {
  it('come page by page: archived owners are inactive, restored ones active, and queues have no email', async (t) => {
    const owner = (id: number, over: object = {}) => ({
      id: String(id),
      type: 'PERSON',
      email: `P${id}@Example.com`,
      userId: 1_000 + id,
      ...over,
    })
    const pages: Record<string, object> = {
      'false/': { results: [owner(1), owner(2)], paging: { next: { after: 'p2' } } },
      'false/p2': { results: [owner(3, { type: 'QUEUE', email: 'q@example.com', firstName: 'Inbound' })] },
      'true/': {
        results: [
          owner(2, { userId: null }),
          owner(4, { userId: null, userIdIncludingInactive: 1_004, firstName: null }),
        ],
      },
    }
    const { client } = await portal(t, ({ path, query }) =>
      path === '/crm/owners/2026-03'
        ? { status: 200, json: pages[`${query.get('archived')}/${query.get('after') ?? ''}`] }
        : undefined,
    )
    const users = (await client.users()).sort((a, b) => Number(a.userId) - Number(b.userId))
    assert.deepEqual(
      users.map(({ userId, loginId, kind, email, active }) => [userId, loginId, kind, email, active]),
      [
        ['1', '1001', 'person', 'p1@example.com', true],
        ['2', '1002', 'person', 'p2@example.com', true],
        ['3', '1003', 'queue', null, true],
        ['4', '1004', 'person', 'p4@example.com', false],
      ],
    )
  })
})
