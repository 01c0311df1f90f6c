import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Commit, RecordStore } from './record-store.ts'

const WHO = { userId: '005', origin: 'test' }

function storeWith() {
  const store = new RecordStore(() => 1_000)
  const commits: Commit[] = []
  store.onCommit((commit) => commits.push(commit))
  store.seed('Lead', { Id: 'a', City: 'Graz' })
  const put = (id: string, city: string): void => {
    store.put('Lead', store.get('Lead', id) ? 'UPDATE' : 'CREATE', { Id: id, City: city })
  }
  const cities = () => Object.fromEntries([...store.table('Lead').values()].map((row) => [row.Id, row.City]))
  return { store, commits, put, cities }
}

describe('the record store', () => {
  it('a failed transaction changes nothing and sends no event', () => {
    const { store, commits, put, cities } = storeWith()
    const work = () =>
      store.transaction(WHO, () => {
        put('a', 'Wien')
        put('b', 'Linz')
        throw new Error('no')
      })
    assert.throws(work, /no/)
    assert.deepEqual(cities(), { a: 'Graz' })
    assert.equal(commits.length, 0)
  })

  it('a failed inner transaction rolls back its own part only', () => {
    const { store, commits, put, cities } = storeWith()
    store.transaction(WHO, () => {
      put('a', 'Wien')
      assert.throws(() =>
        store.transaction(WHO, () => {
          put('a', 'Linz')
          put('b', 'Linz')
          throw new Error('inner')
        }),
      )
      put('c', 'Bregenz')
    })
    assert.deepEqual(cities(), { a: 'Wien', c: 'Bregenz' })
    assert.deepEqual(
      commits[0]?.changes.map(({ id, type, after }) => [id, type, after.City]),
      [
        ['a', 'UPDATE', 'Wien'],
        ['c', 'CREATE', 'Bregenz'],
      ],
    )
  })

  it('a record changed twice in one transaction is one change: the first kind, the final values', () => {
    const { store, commits, put } = storeWith()
    store.transaction(WHO, () => {
      put('b', 'Linz')
      put('b', 'Wels')
    })
    assert.deepEqual(
      commits.flatMap(({ changes }) => changes.map(({ type, before, after }) => [type, before, after.City])),
      [['CREATE', null, 'Wels']],
    )
  })

  it('keeps unique values correct through changes, deletion and rollback', () => {
    const { store } = storeWith()
    store.trackUnique('Lead', 'Key')
    store.transaction(WHO, () => store.put('Lead', 'CREATE', { Id: 'k', Key: 'One', IsDeleted: false }))
    assert.equal(store.findUnique('Lead', 'Key', 'ONE')?.Id, 'k')
    assert.throws(() =>
      store.transaction(WHO, () => {
        store.put('Lead', 'UPDATE', { Id: 'k', Key: 'Two', IsDeleted: false })
        throw new Error('no')
      }),
    )
    assert.equal(store.findUnique('Lead', 'Key', 'one')?.Id, 'k')
    assert.equal(store.findUnique('Lead', 'Key', 'two'), undefined)
    store.transaction(WHO, () => store.put('Lead', 'DELETE', { Id: 'k', Key: 'One', IsDeleted: true }))
    assert.equal(store.findUnique('Lead', 'Key', 'one'), undefined)
  })
})
