import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alarmingLine } from '../stack/log-file.ts'
import { liveLine } from './live-line.ts'
import { statusLine } from './live-status.ts'

function screen(isTTY: boolean, columns = 40) {
  const written: string[] = []
  return { written, output: { isTTY, columns, write: (text: string) => void written.push(text) } }
}

describe('the live line', () => {
  it('is refreshed in place on a terminal, and what is said stays above it', () => {
    const { written, output } = screen(true)
    const line = liveLine(output)
    line.show('1 event')
    line.say('hello')
    line.show('2 events')
    line.end()
    assert.equal(written.join(''), '1 event\r\x1b[2Khello\n1 event\r\x1b[2K2 events\r\x1b[2K')
  })

  it('never wraps, because a wrapped line cannot be taken back', () => {
    const { written, output } = screen(true, 20)
    liveLine(output).show('x'.repeat(50))
    assert.equal(written.join('').length, 19)
  })

  it('is printed without a terminal only when something changed', () => {
    const { written, output } = screen(false)
    const line = liveLine(output)
    for (const text of ['1 event', '1 event', '2 events']) line.show(text)
    assert.deepEqual(written, ['1 event\n', '2 events\n'])
  })

  it('reads as one calm sentence, worst class first', () => {
    const calm = {
      events: 12_345,
      waiting: 0,
      lagS: 0,
      openByClass: { expected: 2, unknown: 1 },
      openTasks: 3,
      toDecide: 0,
      importing: [],
      reconnect: [],
    }
    assert.equal(statusLine(calm), '12,345 events · 3 open (1 unknown, 2 expected) · 3 tasks · up to date')
    assert.match(statusLine({ ...calm, toDecide: 4_000 }), / · all read · 4,000 records to decide$/)
    assert.equal(
      statusLine({ ...calm, events: 1, openTasks: 1, toDecide: 1 }),
      '1 event · 3 open (1 unknown, 2 expected) · 1 task · all read · 1 record to decide',
    )
    const importing = [{ id: 'hub', count: 0, total: null, perSecond: null, leftMs: null }]
    assert.match(statusLine({ ...calm, events: 0, importing }), / · 3 tasks · importing hub: 0$/)
    assert.match(
      statusLine({
        ...calm,
        waiting: 40,
        lagS: 1.23,
        importing: [
          { id: 'hub', count: 5, total: 9, perSecond: 2, leftMs: 2_000 },
          { id: 'org', count: 1_200, total: null, perSecond: null, leftMs: null },
          { id: 'big', count: 10, total: 900_010, perSecond: 100, leftMs: 9_000_000 },
        ],
        reconnect: ['sf'],
      }),
      /40 waiting, 1\.2 s behind · importing hub: 5 of 9, 2\/s, 2 s left · importing org: 1,200 · importing big: 10 of 900,010, 100\/s, 2\.5 h left · sf has to be connected again$/,
    )
  })
})

describe('a line of a child', () => {
  it('is shown when it is an error or no log line at all, and otherwise only kept', () => {
    assert.equal(alarmingLine('{"level":30,"msg":"fine"}'), null)
    assert.equal(alarmingLine('{"level":50,"msg":"stage failed","err":{"message":"no"}}'), 'stage failed: no')
    assert.equal(alarmingLine('SyntaxError: x'), 'SyntaxError: x')
    assert.equal(alarmingLine(''), null)
  })
})
