import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../crm/profiles.ts'
import type { ChangedPage, CrmClient } from '../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId } from '../model/record/change-event.ts'
import { watchCalls } from './from-calls.ts'
import type { NoticeBoard } from './notice-board.ts'

const AT_MS = Date.parse('2026-11-24T09:00:00Z')

describe('what pages say of fields', () => {
  it('is in doubt once when a value is withheld, not again at every page, and once more when a value is shown', async () => {
    const { calls, page } = watched()
    const doubts = async (fields: Record<string, string | null>, unreadable: string[]) => {
      await page({ fields, unreadable })
      return calls.takeDoubt()
    }
    assert.equal(await doubts({ a: '1', secret: null }, []), false)
    assert.equal(await doubts({ a: '1' }, ['secret']), true)
    assert.equal(await doubts({ a: '1', secret: null }, []), false, 'nothing to withhold on this page')
    assert.equal(await doubts({ a: '1' }, ['secret']), false)
    assert.deepEqual([...calls.seenOf('contacts').hidden], ['secret'])
    assert.equal(await doubts({ a: '1', secret: 'x' }, []), true)
    assert.deepEqual([...calls.seenOf('contacts').shown], ['a', 'secret'])
    assert.deepEqual([...calls.seenOf('contacts').hidden], [])
  })
})

describe('the notice of a clock that is off', () => {
  it('is not ended by a page of older records, and is by half an hour in which nothing was ahead', async () => {
    const { page, said, advance } = watched()
    for (const aheadMs of [600_000, -600_000, 600_000, -600_000]) {
      await page({ aheadMs })
      advance(300_000)
    }
    assert.deepEqual(said, ['raise clock', 'raise clock'])
    advance(1_200_000)
    await page({ aheadMs: -1_000 })
    assert.deepEqual(said.at(-1), 'end clock')
  })
})

describe('the notice of a clock that answers tell', () => {
  it('says ahead or behind by what the answers say of their own time, whatever the age of their records', async () => {
    const { page, said, sentences, advance } = watched()
    await page({ aheadMs: -86_400_000, clockAheadMs: -600_000 })
    await page({ aheadMs: -86_400_000, clockAheadMs: 600_000 })
    assert.deepEqual(
      sentences.map((message) => / (about .* ours)\./.exec(message)?.[1]),
      ['about 10 minutes behind ours', 'about 10 minutes ahead of ours'],
    )
    advance(1_900_000)
    await page({ clockAheadMs: -1_500 })
    assert.deepEqual(said.at(-1), 'end clock')
  })
})

/** A client whose next page is up to the test, on a board that keeps notices in memory. */
function watched() {
  let atMs = AT_MS
  let next: ChangedPage = { events: [], cursor: null, unreadable: [], total: null }
  const open = new Map<string, number>()
  const said: string[] = []
  const sentences: string[] = []
  let saidAheadMs: number | null = null
  const standing = (code: string, lastMs: number) =>
    ({ code, subject: '', sinceMs: lastMs, lastMs, happened: 1 }) as ReturnType<NoticeBoard['openOf']>[number]
  const board: NoticeBoard = {
    raise(_, { code }, { message }) {
      open.set(code, atMs)
      sentences.push(message)
      said.push(`raise ${code}`)
    },
    end(_, code) {
      if (open.delete(code)) said.push(`end ${code}`)
    },
    openOf: () => [...open].map(([code, lastMs]) => standing(code, lastMs)),
    find: (_, code) => (open.has(code) ? standing(code, open.get(code)!) : undefined),
    sync: async () => undefined,
    settled: async () => undefined,
  }
  const calls = watchCalls(
    board,
    { id: 'hubspot-1', crm: 'hubspot', accountId: '1', timeZone: null },
    { nowMs: () => atMs, waitingWrites: async () => 0 },
  )
  const client = calls.watch({
    changedSince: async () => next,
    clockAheadMs: () => saidAheadMs,
  } as unknown as CrmClient)
  return {
    calls,
    said,
    sentences,
    advance(ms: number) {
      atMs += ms
    },
    async page({
      fields = {},
      unreadable = [],
      aheadMs = -1_000,
      clockAheadMs = null,
    }: {
      fields?: Record<string, string | null>
      unreadable?: string[]
      aheadMs?: number
      clockAheadMs?: number | null
    }) {
      saidAheadMs = clockAheadMs
      const event: ChangeEvent = {
        connectionId: 'hubspot-1' as ConnectionId,
        dedupeKey: 'one',
        objectType: 'contacts',
        recordId: '1',
        kind: 'changed',
        occurredAtMs: atMs + aheadMs,
        order: 0,
        fields,
        complete: true,
        source: 'poll',
        actor: { kind: 'unknown', id: null, ours: false },
      }
      next = { events: [event], cursor: null, unreadable, total: null }
      const wanted = { objectType: 'contacts', sinceMs: 1, cursor: null, fields: [], historyFields: [] }
      await client.changedSince({ ...wanted, source: 'poll' })
    },
  }
}
