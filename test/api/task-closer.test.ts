import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CaseReply } from '../../src/api/cases/case-types.ts'
import { taskClosers } from '../../src/store/decisions/task-closer.ts'
import { seedConsole } from '../browser/console-rows.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

const NOW = new Date('2026-11-19T14:30:00Z')
const CLOSED_AT_MS = 1_763_500_000_000

describe('who closed a task in the CRM', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest({ now: () => NOW })
    await seedConsole(t.db, NOW)
    cookie = await t.signIn()
  })
  after(() => t.close())

  type Closing = { actor: object; complete?: boolean; kind?: string; atMs?: number; by?: string | null }

  /** A case whose task was closed at `CLOSED_AT_MS`, with the event that told of it. */
  async function closed(connection: string, taskObject: string, field: string, value: string, closing: Closing) {
    const { actor, complete = false, kind = 'changed', atMs = CLOSED_AT_MS, by = 'person' } = closing
    const { rows } = await sql<{ id: number; exception: number; crm: string }>`
      select t.id, e.id as exception, t.crm_task_id as crm from task t join exception e on e.task_id = t.id
      where t.connection_id = ${connection} and t.crm_task_id is not null order by t.id, e.id limit 1`.execute(t.db)
    const { id, exception, crm } = rows[0]!
    await sql`update task set status = 'done', closed_by = ${by}, closing_at_ms = ${CLOSED_AT_MS},
      closing_seen_at_ms = ${CLOSED_AT_MS} where id = ${id}`.execute(t.db)
    await sql`delete from change_event where dedupe_key = 'closing'`.execute(t.db)
    await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order,
        fields, complete, source, actor, state)
      values (${connection}, 'closing', ${taskObject}, ${crm}, ${kind}, ${atMs}, 0,
        ${JSON.stringify(kind === 'deleted' ? {} : { [field]: value })}::jsonb, ${complete}, 'poll',
        ${JSON.stringify(actor)}::jsonb, 'applied')`.execute(t.db)
    const reply = await t.call({ url: `/api/console/exceptions/${exception}`, headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<CaseReply>().task!.closer
  }
  const inSalesforce = (closing: Closing) => closed('salesforce-1', 'Task', 'IsClosed', 'true', closing)
  const user = (id: string | null, ours = false) => ({ kind: 'unknown', id, ours })

  it('is named from our table of users where the CRM says who made the change', async () => {
    const closer = { userId: '0055f000001', name: 'Grace Kim', isLastChange: false }
    assert.deepEqual(await inSalesforce({ actor: user('0055f000001') }), closer)
    assert.deepEqual(await inSalesforce({ actor: user('0055f000001'), kind: 'deleted' }), closer)
  })

  it('is only who changed it last where a reading showed it, because somebody else may have closed it before', async () => {
    const closer = await inSalesforce({ actor: user('0055f000001'), complete: true })
    assert.deepEqual(closer, { userId: '0055f000001', name: 'Grace Kim', isLastChange: true })
  })

  it('has no name where no list of users has held the id', async () => {
    const closer = await inSalesforce({ actor: user('005unheard') })
    assert.deepEqual(closer, { userId: '005unheard', name: null, isLastChange: false })
  })

  it('is not known where the CRM does not say, says of another change, or says that it was us', async () => {
    assert.equal(await inSalesforce({ actor: user(null) }), null)
    assert.equal(await inSalesforce({ actor: user('0055f000001'), atMs: CLOSED_AT_MS - 60_000 }), null)
    assert.equal(await inSalesforce({ actor: user('0055f000001', true) }), null)
    assert.equal(await inSalesforce({ actor: user('0055f000001'), by: 'lanekeeper' }), null)
  })

  it('is found for any number of tasks in one statement, each by its own event', async () => {
    await inSalesforce({ actor: user('0055f000001') })
    const { rows } = await sql<{ id: number; crm: string }>`
      update task set status = 'done', closing_at_ms = ${CLOSED_AT_MS} + id, closing_seen_at_ms = null,
        crm_task_id = 'many-' || id where connection_id = 'salesforce-1' returning id, crm_task_id as crm`.execute(t.db)
    assert.ok(rows.length > 1)
    const [silent, ...told] = rows
    for (const { id, crm } of told) {
      // The reading comes first and the event is believed; both are of this task alone.
      for (const [key, complete, by] of [
        ['read', true, '005reader'],
        ['event', false, `005closer${id}`],
      ] as const) {
        await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms,
            event_order, fields, complete, source, actor, state)
          values ('salesforce-1', ${`${crm}-${key}`}, 'Task', ${crm}, 'changed', ${CLOSED_AT_MS + id}, 0,
            '{"IsClosed":"true"}'::jsonb, ${complete}, 'poll', ${JSON.stringify(user(by))}::jsonb, 'applied')`.execute(
          t.db,
        )
      }
    }
    const closers = await taskClosers(
      t.db,
      rows.map(({ id }) => ({ id, crm: 'salesforce' as const })),
    )
    assert.equal(closers.get(silent!.id), undefined)
    assert.deepEqual(
      told.map(({ id }) => closers.get(id)?.userId),
      told.map(({ id }) => `005closer${id}`),
    )
  })

  it('is found by the login where a CRM counts its users apart from its owners, and is not known by any other number', async () => {
    const { rows } = await sql<{ id: string; name: string }>`
      update crm_user set login_id = '711' where connection_id = 'hubspot-1' and user_id = (
        select min(user_id) from crm_user where connection_id = 'hubspot-1' and kind = 'person')
      returning user_id as id, name`.execute(t.db)
    const { id, name } = rows[0]!
    const closing = (actor: object) => closed('hubspot-1', 'tasks', 'hs_task_status', 'COMPLETED', { actor })
    const person = (of: string) => ({ kind: 'person', id: of, ours: false })
    assert.deepEqual(await closing(person('711')), { userId: id, name, isLastChange: false })
    // The number of an owner is no login, and a login that nobody has is nobody.
    assert.equal(await closing(person(id)), null)
    assert.equal(await closing(person('712')), null)
    assert.equal(await closing({ kind: 'automation', id: '99', ours: false }), null)
  })
})
