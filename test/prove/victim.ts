import '../../src/crm/profiles.ts'
import { createInterface } from 'node:readline'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { openDatabase } from '../../src/store/database/database.ts'
import { actDependencies } from './acting.ts'
import { openClient } from './open-client.ts'
import { standingAt } from './points.ts'
import type { VictimOrder } from './start-victim.ts'

/**
 * A worker that says when it stands at its point, and stands there until it is told to go on or is killed. One that went on
 * takes the next order: starting a process costs more than all else in a run.
 */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
for (;;) {
  const { value, done } = await lines.next()
  if (done) break
  const order = JSON.parse(value) as VictimOrder
  const db = openDatabase(order.url, { max: 2, applicationName: order.instance })
  await beat(db, 'worker', order.instance)
  const goesOn = lines.next()
  const client = standingAt(openClient(order.address), order, async () => {
    process.stdout.write('here\n')
    await goesOn
  })
  if (order.point === 'left') process.stdout.write('here\n')
  await actBatch(actDependencies(db, order, client, order.instance)).catch(() => undefined)
  await db.destroy()
  process.stdout.write('over\n')
  await goesOn
}
