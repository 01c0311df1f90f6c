import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { startTestStack, type TestStack } from './stack.ts'

type Progress = { readonly done: boolean; readonly count: number; readonly total: number | null }

describe('a worker that is killed in the middle of the first import', { timeout: 240_000 }, () => {
  let test: TestStack
  before(async () => {
    test = await startTestStack({ stack: { sandboxArgs: ['--small', '--at-once', '--records', '16000'] } })
  })
  after(() => test?.stop())

  it('goes on where it was: nothing is missing and nothing there twice, and the counts are those of the CRM', async () => {
    const killed = new Set<number>()
    let readAtKill = 0
    // HubSpot's limit keeps the import going for half a minute, so that three kills are in the middle of it.
    while (killed.size < 3) {
      const pid = test.stack.children.workers.pid()
      const { count, done } = await readSoFar(test)
      assert.equal(done, false, `the import was over when it had been killed ${killed.size} times`)
      // Each worker gets somewhere before it is killed.
      if (pid !== null && !killed.has(pid) && count >= readAtKill + 1_000) {
        process.kill(pid, 'SIGKILL')
        killed.add(pid)
        readAtKill = count
      }
      await wait(50)
    }
    while (!(await readSoFar(test)).done) await wait(200)

    const { rows: connections } = await sql<{ id: string; objects: Record<string, Progress> }>`
      select id, baseline->'objects' as objects from connection order by id`.execute(test.db)
    for (const { id, objects } of connections) {
      for (const [object, { count, total }] of Object.entries(objects)) {
        const { rows } = await sql<{ records: number; events: number; waiting: number }>`
          select
            (select count(*)::int from record where connection_id = ${id} and object_type = ${object} and not deleted) as records,
            (select count(*)::int from change_event where connection_id = ${id} and object_type = ${object}
              and source = 'baseline') as events,
            (select count(*)::int from change_event where connection_id = ${id} and object_type = ${object}
              and source = 'baseline' and state = 'received') as waiting`.execute(test.db)
        const { records, events, waiting } = rows[0]!
        assert.equal(count, total, `${id} ${object}: ${count} read of ${total} that the CRM counts`)
        assert.deepEqual({ records, events, waiting }, { records: count, events: count, waiting: 0 }, object)
      }
    }
  })
})

/** Nothing is done before both are connected. */
async function readSoFar({ db }: TestStack): Promise<{ count: number; done: boolean }> {
  const { rows } = await sql<{ count: number; done: boolean }>`
    select coalesce(sum((o.value->>'count')::int), 0)::int as count, coalesce(count(distinct c.id) = 2 and bool_and((c.baseline->>'done')::boolean), false) as done
    from connection c left join lateral jsonb_each(c.baseline->'objects') o on true`.execute(db)
  return rows[0]!
}
