import '../../src/crm/registry.ts'
import { setTimeout as wait } from 'node:timers/promises'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { openDatabase } from '../../src/store/database/database.ts'
import { type CrmOfProof, openClient } from './crms.ts'
import { standingAt } from './points.ts'
import { actDependencies } from './rows.ts'
import type { VictimOrder } from './start-victim.ts'

/** A worker that says when it stands at its point. It goes on by itself soon, unless it is stopped or killed there. */
const order = JSON.parse(process.argv[2] ?? '{}') as VictimOrder
const db = openDatabase(order.url, { max: 2, applicationName: order.instance })
await beat(db, 'worker', order.instance)
const client = standingAt(openClient(order.address), order.point, async () => {
  process.stdout.write('here\n')
  await wait(250)
})
if (order.point === 'left') process.stdout.write('here\n')
await actBatch(actDependencies(db, order as unknown as CrmOfProof, client, order.instance)).catch(() => undefined)
await db.destroy()
