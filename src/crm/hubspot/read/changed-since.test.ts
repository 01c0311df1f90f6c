import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, portal, reading, record } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('pages of changes', () => {
  it('reach every record past the search limit of 10,000 without offsets', async (t) => {
    const base = Date.parse(at)
    // More than a search shows, of which 500 share one millisecond.
    const all = Array.from({ length: 10_700 }, (_, index) => ({ id: index + 1, atMs: base + Math.max(index - 500, 0) }))
    const { client, requests } = await portal(t, ({ path, body }) => {
      if (!path.endsWith('/search')) return undefined
      const [time, above] = body.filterGroups[0].filters
      const fits = all.filter(({ id, atMs }) =>
        time.operator === 'EQ' ? atMs === Number(time.value) && id > Number(above.value) : atMs >= Number(time.value),
      )
      const results = fits
        .slice(0, body.limit)
        .map(({ id, atMs }) => record(id, { lastmodifieddate: new Date(atMs).toISOString() }))
      return { status: 200, json: { total: Math.min(fits.length, 10_000), results } }
    })
    const seen = new Set<string>()
    for (let cursor: string | null = null, pages = 0; pages < 300; pages += 1) {
      const page = await client.changedSince({ ...reading, sinceMs: base, cursor, source: 'poll' })
      for (const { recordId } of page.events) seen.add(recordId)
      cursor = page.cursor
      if (cursor === null) break
    }
    assert.equal(seen.size, all.length)
    const searches = requests.filter(({ path }) => path.endsWith('/search'))
    assert.ok(searches.every(({ body, text }) => body.after === undefined && body.limit <= 200 && text.length <= 3_000))
  })

  it('end even if the search index answers with older times than asked for', async (t) => {
    const results = Array.from({ length: 100 }, (_, index) =>
      record(index + 1, { lastmodifieddate: '2026-01-01T00:00:00Z' }),
    )
    const { client, requests } = await portal(t, ({ path, body }) => {
      if (!path.endsWith('/search')) return undefined
      const after = Number(body.filterGroups[0].filters[1]?.value ?? 0)
      const left = Number(body.filterGroups[0].filters[0].value) > Date.parse(at) ? [] : results.slice(after)
      return { status: 200, json: { total: left.length, results: left } }
    })
    let pages = 0
    for (let cursor: string | null = null; pages < 20; ) {
      const page = await client.changedSince({ ...reading, sinceMs: Date.parse(at), cursor, source: 'poll' })
      pages += 1
      cursor = page.cursor
      if (cursor === null) break
    }
    assert.ok(pages < 20, 'the pages end')
    assert.ok(requests.filter(({ path }) => path.endsWith('/search')).length < 10)
  })
})
