import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { recordingBudget, type ScriptedAnswer, startScriptedServer } from '../../../../test/crm/scripted-server.ts'
import type { ConnectionId } from '../../../model/record/change-event.ts'
import { hubSpotClient } from '../client.ts'
import { openPortal } from '../portal/portal.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START_MS = Date.parse('2026-11-20T09:00:00Z')

/** A portal in which nothing changes but its recycle bin: `deletedAt` by id, listed by id, a hundred a page. */
async function setUp(t: TestContext, binSize: number) {
  const deletedAt = new Map<number, number>()
  for (let id = 1; id <= binSize; id += 1) deletedAt.set(id * 10, START_MS - 30 * 24 * HOUR)
  let nowMs = START_MS
  let lists = 0
  let refuse: ((after: number) => ScriptedAnswer | undefined) | null = null
  const server = await startScriptedServer(({ path, query }) => {
    if (path.includes('/properties/')) {
      const results = ['email', 'hubspot_owner_id', 'lastmodifieddate'].map((name) => ({ name, type: 'string' }))
      return { status: 200, json: { results } }
    }
    if (query.get('archived') !== 'true') return { status: 200, json: { results: [], total: 0 } }
    lists += 1
    const after = Number(query.get('after') ?? 0)
    const refused = refuse?.(after)
    if (refused !== undefined) return refused
    const rest = [...deletedAt].filter(([id]) => id > after).sort(([a], [b]) => a - b)
    const page = rest.slice(0, 100)
    const results = page.map(([id, atMs]) => {
      const at = new Date(atMs).toISOString()
      return { id: String(id), properties: { lastmodifieddate: at }, archived: true, archivedAt: at, updatedAt: at }
    })
    const next = rest.length > page.length ? { paging: { next: { after: String(page.at(-1)?.[0]) } } } : {}
    return { status: 200, json: { results, ...next } }
  })
  t.after(() => server.close())
  const open = () =>
    hubSpotClient(
      openPortal({
        connectionId: 'hs' as ConnectionId,
        baseUrl: server.baseUrl,
        appId: 900,
        portalId: 77,
        token: async () => 'token',
        budget: recordingBudget(),
        deadlineMs: 2_000,
        nowMs: () => nowMs,
      }),
    )
  let client = open()

  /** A poll as the pipeline makes it: each page is kept before the next is asked for. */
  async function poll(keeps: (ids: readonly number[]) => void = () => {}): Promise<number[]> {
    const found: number[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof client.changedSince>> = await client.changedSince({
        objectType: 'contacts',
        sinceMs: nowMs - 90_000,
        cursor,
        fields: ['email'],
        historyFields: [],
        source: 'poll',
      })
      const ids = page.events.map(({ recordId }) => Number(recordId))
      keeps(ids)
      found.push(...ids)
      cursor = page.cursor
    } while (cursor !== null)
    return found
  }

  return {
    poll,
    remove: (id: number) => void deletedAt.set(id, nowMs),
    advance: (ms: number) => {
      nowMs += ms
    },
    restart: () => {
      client = open()
    },
    refuseBy: (by: typeof refuse) => {
      refuse = by
    },
    /** Calls for the recycle bin since this was last asked. */
    lists() {
      const n = lists
      lists = 0
      return n
    },
  }
}

describe('deleted records of HubSpot', () => {
  it('are listed by each poll while the recycle bin has a page or two', async (t) => {
    const { poll, remove, advance, lists } = await setUp(t, 150)
    for (let id = 1; id <= 5; id += 1) {
      remove(id)
      assert.ok((await poll()).includes(id))
      assert.equal(lists(), 2)
      advance(MINUTE)
    }
  })

  it('of a fuller recycle bin are listed once an hour, and none is missed', async (t) => {
    const { poll, remove, advance, lists } = await setUp(t, 450)
    const found = new Set<number>()
    for (let minute = 0; minute < 180; minute += 1) {
      remove(10_000 + minute * 10 + 1)
      for (const id of await poll()) found.add(id)
      advance(MINUTE)
    }
    // Two more pages came to the bin meanwhile.
    assert.ok(lists() <= 3 * 7)
    assert.deepEqual([found.has(10_001), found.has(10_000 + 120 * 10 + 1)], [true, true])
    assert.equal(found.size, 121)
  })

  it('that a poll listed and did not store are listed again by the next poll', async (t) => {
    const { poll, remove, advance } = await setUp(t, 450)
    await poll()
    advance(2 * HOUR)
    remove(4_501)
    await assert.rejects(
      poll((ids) => {
        if (ids.includes(4_501)) throw new Error('the database is gone')
      }),
    )
    advance(MINUTE)
    assert.deepEqual(await poll(), [4_501])
  })

  it('that were not listed before a restart are found by the first poll', async (t) => {
    const { poll, remove, advance, restart } = await setUp(t, 450)
    await poll()
    remove(5)
    // The polls in between go past the deletion; the listing was not due.
    for (let minute = 0; minute < 50; minute += 10) {
      advance(10 * MINUTE)
      assert.deepEqual(await poll(), [])
    }
    restart()
    assert.deepEqual(await poll(), [5])
  })

  it('of a recycle bin of more than fifty pages are listed over several hours without gaps', async (t) => {
    const { poll, remove, advance, lists } = await setUp(t, 12_000)
    const found = new Set<number>()
    const hourly = async () => {
      for (const id of await poll()) found.add(id)
      advance(MINUTE)
      assert.deepEqual(await poll(), [])
      advance(HOUR - MINUTE)
      return lists()
    }
    assert.equal(await hourly(), 50)
    // One where the round has been, one where it has not come to.
    remove(5)
    remove(119_995)
    assert.deepEqual([await hourly(), await hourly()], [50, 21])
    assert.deepEqual([...found], [119_995])
    await hourly()
    assert.deepEqual([...found], [119_995, 5])
  })

  it('are listed from the beginning if HubSpot no longer knows the cursor', async (t) => {
    const { poll, remove, advance, refuseBy } = await setUp(t, 6_000)
    await poll()
    remove(5)
    advance(HOUR)
    refuseBy((after) =>
      after > 0 ? { status: 400, json: { message: 'no such place', category: 'VALIDATION_ERROR' } } : undefined,
    )
    await assert.rejects(poll(), /no such place/)
    refuseBy(null)
    assert.deepEqual(await poll(), [5])
  })
})
