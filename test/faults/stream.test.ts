import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { StreamState } from '../../src/crm/crm-stream.ts'
import { streamNotices } from '../../src/notices/from-stream.ts'
import { createNoticeBoard, type NoticeConnection } from '../../src/notices/notice-board.ts'
import { listNotices } from '../../src/store/notices/notices.ts'
import { runStream } from '../../workers/background/stream.ts'
import { type Day, startDay } from './day.ts'
import { ordinaryHour } from './ordinary-hour.ts'

const TAKEOVER_MS = 30_000

describe('a bad day of the stream', { timeout: 300_000 }, () => {
  let day: Day
  const stopping = new AbortController()
  const running: Promise<void>[] = []
  before(async () => {
    day = await startDay()
  })
  after(async () => {
    stopping.abort()
    await Promise.all(running)
    await day.stop()
  })

  const openStreams = async () => (await day.control.salesforce.get<{ stream: { open: number } }>('stats')).stream.open
  const holder = async () =>
    (
      await day.rows<{ pid: number }>(
        sql`select l.pid from pg_locks l join pg_database d on d.oid = l.database
          where l.locktype = 'advisory' and l.granted and d.datname = current_database()`,
      )
    ).map(({ pid }) => pid)

  async function until(what: string, probe: () => Promise<boolean>, limitMs = TAKEOVER_MS): Promise<number> {
    const from = Date.now()
    while (!(await probe())) {
      if (Date.now() - from > limitMs) throw new Error(`Not within ${limitMs / 1000} s: ${what}`)
      await wait(100)
    }
    return Date.now() - from
  }

  function subscriber(instance: string): void {
    const id = day.idOf('salesforce')
    running.push(runStream({ ...day.context, instance }, day.context.clientOf(id)!, stopping.signal))
  }

  it('takes over within 30 s when the process that holds it is killed', async () => {
    const key = `stream/${day.idOf('salesforce')}`
    const program = `const pg = require('pg'); const c = new pg.Client({ connectionString: process.argv[1] });
      c.connect().then(() => c.query('select pg_advisory_lock(hashtextextended($1, 0))', [process.argv[2]]))
        .then(() => process.stdout.write('held')); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', program, day.url, key], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    subscriber('second')
    await wait(500)
    assert.equal(await openStreams(), 0, 'two subscribers at once')
    child.kill('SIGKILL')
    const tookMs = await until('the other process subscribes', async () => (await openStreams()) === 1)
    assert.ok(tookMs <= TAKEOVER_MS)
  })

  it('takes over within 30 s when the connection that holds it is cut, and no change is lost or twice', async () => {
    subscriber('third')
    await until('one subscribes', async () => (await openStreams()) === 1)
    // A place of its own: before the first message there is none, and the next subscriber leaves the gap to the poll.
    const [queue] = await day.people.query<{ Id: string }>("SELECT Id FROM Group WHERE DeveloperName = 'Inbound_leads'")
    const lead = { LastName: 'First', Company: 'First', Country: 'Japan', Status: 'New', OwnerId: queue!.Id }
    await day.people.create('Lead', lead)
    await until('a place in the stream is kept', async () => {
      return (await day.rows(sql`select 1 from connection where replay_id is not null`)).length === 1
    })
    const [pid] = await holder()
    await sql`select pg_terminate_backend(${pid})`.execute(day.db)
    const hour = await ordinaryHour(day)
    await until('somebody else holds it', async () => {
      const now = await holder()
      return now.length === 1 && now[0] !== pid && (await openStreams()) === 1
    })
    await until('what changed meanwhile comes over the stream', async () => {
      const rows = await day.rows(
        sql`select 1 from change_event where record_id = ${hour.asks.salesforce} and source = 'stream'`,
      )
      return rows.length === 1
    })
  })

  it('silent but open, lost place, refused, spent: each is a sentence, and its end another', async () => {
    const connection: NoticeConnection = { id: 'test-stream', crm: 'salesforce', accountId: '00D1', timeZone: null }
    let nowMs = Date.parse('2026-11-24T10:02:00Z')
    const board = createNoticeBoard(day.db, { nowMs: () => nowMs })
    const told = streamNotices(board, connection, () => nowMs)
    const said = async (state: StreamState) => {
      nowMs += 60_000
      told.state(state)
      await board.settled()
      return (await listNotices(day.db, { connectionId: connection.id, limit: 20 })).map(
        (n) => `${n.code}: ${n.endedMessage ?? n.message}`,
      )
    }
    const retryAtMs = nowMs + 600_000
    const silent = {
      state: 'waiting',
      why: 'no message from Salesforce for 90000 ms',
      isSilent: true,
      retryAtMs,
    } as const
    assert.match(
      (await said(silent))[0]!,
      /^stream-silent: Change events from Salesforce org 00D1 stopped at 10:02 UTC: the stream stayed open but sent nothing/,
    )
    assert.match((await said({ state: 'live' }))[0]!, /^stream-silent: Change events resumed at 10:04 UTC/)
    assert.match(
      (await said({ state: 'replay-lost', why: 'x' }))[0]!,
      /^stream-lost-place: .* may have missed changes since Tue 24 Nov, 10:04 UTC\. We are reading every watched object again/,
    )
    assert.match(
      (await said({ state: 'refused', why: 'PERMISSION_DENIED', remedy: 'Do it.', retryAtMs }))[0]!,
      /^reconnect: .*refused our subscription to change events/,
    )
    assert.match(
      (await said({ state: 'allowance-spent', why: 'x', retryAtMs }))[0]!,
      /^busy: Salesforce org 00D1 used up its change events for 24 hours/,
    )
    told.batch({ events: [], overflowObjects: ['Lead'], skipped: [], latestReplayId: Buffer.alloc(1) })
    await board.settled()
    assert.match(
      (await said({ state: 'connecting' })).join('\n'),
      /overflow: Salesforce stopped sending changes of Lead, because too much changed at once/,
    )
  })
})
