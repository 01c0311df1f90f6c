import assert from 'node:assert/strict'
import { it } from 'node:test'
import { noticePeople } from '../../../src/notices/from-people.ts'
import { createNoticeBoard } from '../../../src/notices/notice-board.ts'
import { presentTexts } from '../../../src/notices/present-counts.ts'
import type { PeopleListed } from '../../../src/pipeline/read/sync-people.ts'
import { listNotices } from '../../../src/store/notices/notices.ts'
import { contactPolicy, pipelineHarness, staff } from '../harness.ts'

it('case T09: time zones that are not known are a notice, once, until another is or all are known', async (t) => {
  const h = await pipelineHarness((crm) => {
    staff(crm)
    return [contactPolicy()]
  })
  t.after(() => h.stop())
  const connection = { ...h.connection, accountId: '1' }
  const board = createNoticeBoard(h.db, { nowMs: Date.now })
  const said = async (unknownZones?: readonly string[]) => {
    const read = { departures: [], missing: null, crmOf: () => 'hubspot' as const }
    await noticePeople(h.db, board, connection, { ...read, ...(unknownZones && { unknownZones }) })
    await board.settled()
    const all = await listNotices(h.db, { connectionId: connection.id, limit: 10 })
    return all.filter(({ code, endedAt }) => code === 'people-zones' && endedAt === null).map(({ message }) => message)
  }
  assert.deepEqual(await said([]), [])
  const [first, ...more] = await said(['Etc/Unknown', 'Mars/Olympus'])
  assert.match(
    first!,
    /^Active users of HubSpot portal 1 have time zones .*: Etc\/Unknown, Mars\/Olympus\. .*own zone\.$/,
  )
  assert.deepEqual(more, [])
  assert.deepEqual(await said(['Etc/Unknown', 'Mars/Olympus']), [first])
  assert.deepEqual(await said(), [first], 'a look at single users says nothing of zones')
  const [other, ...others] = await said(['Etc/Unknown'])
  assert.notEqual(other, first)
  assert.deepEqual(others, [])
  assert.deepEqual(await said([]), [])
})

it('people missing from a list are a notice with their number, which ends with the last answer, and those without one are named', async (t) => {
  const h = await pipelineHarness((crm) => {
    staff(crm)
    return [contactPolicy()]
  })
  t.after(() => h.stop())
  const connection = { ...h.connection, accountId: '1' }
  const board = createNoticeBoard(h.db, { nowMs: Date.now })
  const notices = async (read: Pick<PeopleListed, 'departures'> & Partial<Pick<PeopleListed, 'missing'>>) => {
    await noticePeople(h.db, board, connection, { missing: null, ...read, crmOf: () => 'hubspot' })
    await board.settled()
    const all = await listNotices(h.db, { connectionId: connection.id, limit: 10 })
    const present = await presentTexts(h.db)
    return new Map(
      all.map((notice) => [notice.code, { message: present(connection.id, notice), isOver: notice.endedAt !== null }]),
    )
  }
  h.crm.listed = h.crm.users.slice(0, 5)
  const stubborn = h.crm.users[8]!
  h.crm.unreadable.add(stubborn.userId)

  const raised = await notices(await h.people())
  assert.deepEqual(raised.get('people-missing'), {
    message:
      'A user list of HubSpot portal 1 left out 4 of 9 active users. We ask HubSpot about each; none of them counts as gone until it has answered for all. 4 answers to come.',
    isOver: false,
  })
  for (let attempt = 0; attempt < 3; attempt += 1) await h.checkPeople()
  const waiting = await notices({ departures: [] })
  assert.equal(waiting.get('people-missing')?.isOver, false)
  assert.match(
    waiting.get('people-unread')?.message ?? '',
    new RegExp(`^HubSpot does not say whether some users still exist\\. .* 1 user: ${stubborn.name}\\.$`),
  )
  h.crm.unreadable.clear()
  const over = await notices(await h.checkPeople())
  assert.deepEqual([over.get('people-missing')?.isOver, over.get('people-unread')?.isOver], [true, true])
})
