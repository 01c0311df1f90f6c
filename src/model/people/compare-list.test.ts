import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HUBSPOT, user } from '../../../test/support/example.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { compareList, type KnownUser } from './compare-list.ts'

const HOUR_MS = 3_600_000
const NOW_MS = 100 * HOUR_MS
const at = { askedAtMs: NOW_MS - 1_000, nowMs: NOW_MS }

const known = (one: CrmUser, over: Partial<KnownUser> = {}): KnownUser => ({
  ...one,
  unlistedSinceMs: null,
  answeredAtMs: null,
  ...over,
})
const crowd = (n: number) => Array.from({ length: n }, (_, i) => user(HUBSPOT, `p${i}`))
const queue = (over: Partial<CrmUser> = {}) =>
  user(HUBSPOT, 'q', { kind: 'queue', email: null, activeMembers: 2, ...over })
const compare = (before: readonly CrmUser[], listed: readonly CrmUser[]) =>
  compareList(
    before.map((one) => known(one)),
    listed,
    at,
  )

describe('a list of users, compared with what is known', () => {
  it('asks for everyone whom it leaves out, and changes nothing of them', () => {
    const people = crowd(14)
    const compared = compare(people, people.slice(1))
    assert.deepEqual([compared.ask, compared.unlisted], [['hs-p0'], ['hs-p0']])
    assert.deepEqual([compared.changed, compared.departures, compared.missing], [[], [], null])
  })

  it('is too short to believe where it leaves out more than two, or more than one in twenty', () => {
    const tooMany = (count: number, of: number) => ({ kind: 'person', count, of })
    const missing = (all: number, out: number) => compare(crowd(all), crowd(all).slice(out)).missing
    assert.deepEqual(
      [missing(9, 2), missing(9, 3), missing(14, 3), missing(9, 5), missing(100, 5), missing(100, 6)],
      [null, tooMany(3, 9), tooMany(3, 14), tooMany(5, 9), null, tooMany(6, 100)],
    )
  })

  it('does not count those who left before, were answered for, or are listed as inactive', () => {
    const people = crowd(9)
    const before = people.map((one, i) =>
      known(
        i < 3 ? { ...one, active: false } : one,
        i < 6 && i >= 3 ? { unlistedSinceMs: NOW_MS - 60_000, answeredAtMs: NOW_MS - 30_000 } : {},
      ),
    )
    const listed = people.slice(6).map((one) => ({ ...one, active: false }))
    const { missing, departures } = compareList(before, listed, at)
    assert.equal(missing, null)
    assert.deepEqual(
      departures.map(({ how }) => how),
      ['deactivated', 'deactivated', 'deactivated'],
    )
  })

  it('counts missing queues by themselves', () => {
    const queues = crowd(8).map((one) => ({ ...one, kind: 'queue' as const, email: null, activeMembers: 1 }))
    const people = [user(HUBSPOT, 'ann'), user(HUBSPOT, 'bob')]
    const { missing, held } = compare([...queues, ...people], people)
    assert.deepEqual([missing, held.length], [{ kind: 'queue', count: 8, of: 8 }, 8])
  })

  it('asks again after an hour about somebody whom the lists leave out and the CRM answered for', () => {
    const answered = (agoMs: number) =>
      compareList(
        [known(user(HUBSPOT, 'ann'), { unlistedSinceMs: NOW_MS - 5 * HOUR_MS, answeredAtMs: NOW_MS - agoMs })],
        [user(HUBSPOT, 'bob')],
        at,
      ).ask
    assert.deepEqual([answered(HOUR_MS / 2), answered(2 * HOUR_MS)], [[], ['hs-ann']])
  })

  it('is older than an answer that came while it was read, and does not undo it', () => {
    const gone = known(user(HUBSPOT, 'ann', { standing: 'gone', active: false }), { answeredAtMs: NOW_MS - 500 })
    const hired = known(user(HUBSPOT, 'new'), { answeredAtMs: NOW_MS - 500 })
    const { save, ask, unlisted } = compareList([gone, hired], [user(HUBSPOT, 'ann')], at)
    assert.deepEqual([save, ask, unlisted], [[], [], []])
  })

  it('counts somebody once whom two pages hold', () => {
    assert.equal(compare([], [user(HUBSPOT, 'ann'), user(HUBSPOT, 'ann')]).save.length, 1)
  })

  it('says who is back: of those it left out before, and of those proven gone', () => {
    const ann = known(user(HUBSPOT, 'ann', { standing: 'unlisted' }), { unlistedSinceMs: 1 })
    const bob = known(user(HUBSPOT, 'bob', { standing: 'gone', active: false }), { answeredAtMs: 1 })
    const { changed } = compareList([ann, bob], [user(HUBSPOT, 'ann'), user(HUBSPOT, 'bob')], at)
    assert.deepEqual(changed, ['hs-ann', 'hs-bob'])
  })

  it('keeps a login frozen where the CRM does not say, and tells a freeze from a deactivation', () => {
    const frozen = { ...user(HUBSPOT, 'ann'), active: false, frozen: true }
    const silent = compare([frozen], [{ ...user(HUBSPOT, 'ann'), frozen: null }])
    assert.deepEqual([silent.save[0]?.active, silent.changed], [false, []])
    assert.equal(compare([user(HUBSPOT, 'ann')], [frozen]).departures[0]?.how, 'frozen')
    assert.deepEqual(compare([frozen], [{ ...user(HUBSPOT, 'ann'), frozen: false }]).changed, ['hs-ann'])
  })
})

describe('the members of a queue in a list', () => {
  const members = (before: readonly CrmUser[], listed: CrmUser) => {
    const { save, ask } = compare(before, [user(HUBSPOT, 'boss'), listed])
    return [save.find(({ kind }) => kind === 'queue')?.activeMembers, ask.filter((id) => id !== 'hs-ann')]
  }

  it('are as last known where the CRM does not show them, and not known where it never did', () => {
    assert.deepEqual(members([queue()], queue({ activeMembers: null })), [2, []])
    assert.deepEqual(members([], queue({ activeMembers: null })), [null, []])
  })

  it('count as last known where the list of users leaves them out', () => {
    const listed = queue({ activeMembers: 0, unlistedMembers: ['hs-ann'] })
    assert.deepEqual(members([user(HUBSPOT, 'ann'), queue()], listed), [1, []])
  })

  it('are not known, and asked for, where no list has held them', () => {
    const listed = queue({ activeMembers: 0, unlistedMembers: ['hs-hired'] })
    assert.deepEqual(members([queue({ activeMembers: 0 })], listed), [null, ['hs-hired']])
  })

  it('are none only where they were none before, or the queue says so itself', () => {
    assert.deepEqual(members([queue({ activeMembers: 0 })], queue({ activeMembers: 0 })), [0, []])
    assert.deepEqual(members([], queue({ activeMembers: 0 })), [0, []])
    assert.deepEqual(members([queue()], queue({ activeMembers: 0 })), [2, ['hs-q']])
    assert.deepEqual(members([queue()], queue({ activeMembers: 0, active: false })), [0, []])
  })
})
