import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, unknownOf } from '../../../test/support/example.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Condition } from './condition.ts'
import { allHold, compileConditions } from './evaluate.ts'
import { placeRecord } from './place-record.ts'
import { indexTable } from './table-index.ts'

type Op = 'in' | 'not-in' | 'contains' | 'prefix'

/** One by one and through the index, which must agree. */
function holds(op: Op, values: readonly string[], value: string | null, isList = true): boolean {
  const condition: Condition = { field: 'channels', op, values }
  const { facts } = caseOf(contact({ channels: value }, isList ? { lists: new Set(['channels']) } : {}))
  const compiled = compileConditions([condition])
  const answer = allHold(compiled, facts) === true
  assert.equal(placeRecord(indexTable([compiled]), facts).row === 0, answer)
  return answer
}

describe('a field that holds several values', () => {
  it('case L12: is in a list that names one of them', () => {
    const value = 'Facebook;Twitter;Offline'
    for (const wanted of ['Twitter', 'facebook', ' OFFLINE ', 'Ｔｗｉｔｔｅｒ'])
      assert.equal(holds('in', [wanted], value), true, wanted)
    assert.equal(holds('in', ['TikTok', 'Twitter'], value), true)
    assert.equal(holds('in', ['Facebook', 'Twitter'], value), true)
    assert.equal(holds('in', ['Face', 'TikTok'], value), false)
    assert.equal(holds('in', ['Twitter'], 'Facebook ; Twitter ;'), true)
    assert.equal(holds('in', ['Twitter'], 'Twitter'), true)
    assert.equal(holds('in', ['Twitter'], null), false)
  })

  it('is in no list that names none of them, and in one that names any', () => {
    const value = 'Facebook;Twitter;Offline'
    assert.equal(holds('not-in', ['Twitter'], value), false)
    assert.equal(holds('not-in', ['Facebook', 'Twitter'], value), false)
    assert.equal(holds('not-in', ['TikTok'], value), true)
    assert.equal(holds('not-in', ['Twitter'], null), true)
  })

  it('case L13: contains its values, not parts of them', () => {
    assert.equal(holds('contains', ['IT'], 'Hospitality'), false)
    assert.equal(holds('contains', ['IT'], 'Hospitality;IT'), true)
    assert.equal(holds('contains', ['EMEA'], 'non-EMEA;APAC'), false)
    assert.equal(holds('contains', ['apac'], 'non-EMEA;APAC'), true)
  })

  it('starts with what one of them starts with', () => {
    assert.equal(holds('prefix', ['non-'], 'APAC;non-EMEA'), true)
    assert.equal(holds('prefix', ['EMEA'], 'APAC;non-EMEA'), false)
  })

  it('may be asked for the whole list, in any order', () => {
    assert.equal(holds('in', ['A;B'], 'B;A'), true)
    assert.equal(holds('in', ['A;B'], 'A;B;C'), false)
    assert.equal(holds('not-in', ['B;A'], 'a;b'), false)
  })

  it('is known by its type: a semicolon in a text is a character like others', () => {
    assert.equal(holds('in', ['Twitter'], 'Facebook;Twitter', false), false)
    assert.equal(holds('in', ['Foo; Bar'], 'foo; bar', false), true)
    assert.equal(holds('contains', ['IT'], 'Hospitality', false), true)
  })

  it('is a list on the account, too', () => {
    const account = company({ channels: 'Web;Phone' }, { lists: new Set(['channels']) })
    const compiled = compileConditions([{ field: 'account.channels', op: 'in', values: ['phone'] }])
    const { facts } = caseOf(contact(), { neighbours: { account } })
    assert.equal(allHold(compiled, facts), true)
    assert.equal(placeRecord(indexTable([compiled]), facts).row, 0)
  })

  it('is a list on an account that may be one of several, where all of them hold the same', () => {
    const may = (...candidates: (string | null)[]) => {
      const accountCandidates = candidates.map((channels, n) =>
        company({ channels }, { recordId: `${n}`, lists: new Set(['channels']) }),
      )
      const { facts } = caseOf(contact(), {
        neighbours: { account: unknownOf('companies', { why: 'ambiguous' }), accountCandidates },
      })
      const compiled = compileConditions([{ field: 'account.channels', op: 'in', values: ['phone'] }])
      const answer = allHold(compiled, facts)
      const { row, unknown } = placeRecord(indexTable([compiled]), facts)
      assert.deepEqual([row === 0, unknown !== null], [answer === true, answer instanceof Unknown])
      return answer instanceof Unknown ? 'unknown' : answer
    }
    assert.equal(may('Web;Phone', 'Web;Phone'), true)
    assert.equal(may('Web;Phone'), true)
    assert.equal(may('Web;Mail', 'Web;Mail'), false)
    assert.equal(may('Web;Phone', 'Phone'), 'unknown')
    assert.equal(may(null, null), false)
    assert.equal(may(), 'unknown')
  })
})

describe('an id that is written in two ways', () => {
  it('case L14: is one, with 15 characters or with 18', () => {
    const short = '005xx000001SwiU'
    const long = '005xx000001SwiUAAS'
    assert.equal(holds('in', [short], long, false), true)
    assert.equal(holds('in', [long], short, false), true)
    assert.equal(holds('in', [short], short.toLowerCase(), false), false, 'its case counts')
    assert.equal(holds('not-in', [short], long, false), false)
    assert.equal(holds('in', [short], `x;${long}`), true)
  })

  it('is one in whatever case a spreadsheet left the longer form, which says its case itself', () => {
    const long = '005xx000001SwiUAAS'
    for (const text of [long.toLowerCase(), long.toUpperCase(), '005XX000001swiuAAS']) {
      assert.equal(holds('in', [long], text, false), true, text)
      assert.equal(holds('in', ['005xx000001SwiU'], text, false), true, text)
      assert.equal(holds('in', ['005xx000001SwiuAAC'], text, false), false, text)
    }
    for (const text of ['005xx000001SwiU9AS', '105xx000001SwiUAAS9', '005xx000001SwjUAAS']) {
      assert.equal(holds('in', [long], text, false), false, text)
    }
  })

  it('is another id with another case', () => {
    assert.equal(holds('in', ['005xx000001SwiU'], '005xx000001swiU', false), false)
    assert.equal(holds('in', ['005xx000001SwiU'], '005xx000001SwiUAAA', false), false, 'not its check characters')
  })

  it('is not taken for words and codes of as many characters', () => {
    assert.equal(holds('in', ['Internationally'], 'INTERNATIONALLY', false), true)
    assert.equal(holds('in', ['ABC123DEF456789'], 'abc123def456789', false), true)
    assert.equal(holds('in', ['ABCDE0012345678'], 'abcde0012345678', false), true, 'no type has letters only')
  })
})
