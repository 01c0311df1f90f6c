import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { app } from './actor.ts'
import { SearchIndex } from './search-index.ts'
import type { RecordView, StoredRecord } from './stored-record.ts'

const record = (id: string, city: string): StoredRecord => ({
  id,
  type: 'contacts',
  createdAtMs: 0,
  updatedAtMs: 0,
  archivedAtMs: null,
  gone: false,
  properties: { city },
  history: new Map(),
  createdBy: app(1),
})

const cities = (views: Iterable<RecordView>) => [...views].map((view) => view.properties.city)

describe('the search index', () => {
  it('shows each write after its own delay, and the earlier value until then', () => {
    const index = new SearchIndex()
    const live = record('1', 'new')
    index.noteWrite('contacts/1', record('1', 'old'), record('1', 'middle'), 100, 0)
    index.noteWrite('contacts/1', record('1', 'middle'), record('1', 'new'), 150, 50)
    assert.deepEqual(cities(index.views('contacts', [live], 99)), ['old'])
    assert.deepEqual(cities(index.views('contacts', [live], 100)), ['middle'])
    assert.deepEqual(cities(index.views('contacts', [live], 150)), ['new'])
    live.properties = { city: 'newer' }
    assert.deepEqual(cities(index.views('contacts', [live], 151)), ['newer'])
  })

  it('shows a new record, and hides a deleted one, only after the delay', () => {
    const index = new SearchIndex()
    const made = record('1', 'made')
    index.noteWrite('contacts/1', null, made, 100, 0)
    index.noteWrite('contacts/2', record('2', 'deleted'), null, 100, 0)
    assert.deepEqual(cities(index.views('contacts', [made], 50)), ['deleted'])
    assert.deepEqual(cities(index.views('contacts', [made], 100)), ['made'])
  })

  it('shows a write at once without a delay', () => {
    const index = new SearchIndex()
    index.noteWrite('contacts/1', record('1', 'old'), record('1', 'new'), 10, 10)
    assert.deepEqual(cities(index.views('contacts', [record('1', 'new')], 10)), ['new'])
  })
})
