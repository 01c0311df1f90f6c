import { createInterface } from 'node:readline'
import { openConnection } from '../../src/connections/open-connection.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { openDatabase } from '../../src/store/database/database.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'

/** The first line that a calling process is given. The second says that now is the time. */
export type CallingOrder = {
  readonly databaseUrl: string
  readonly keyHex: string
  readonly connectionId: string
  /** How far on its clock is: a token that is at its end by then is renewed. */
  readonly laterMs: number
  readonly calls: number
}

// A process of its own that calls a CRM many times at once, as a worker would with one connection.
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const order = JSON.parse((await lines.next()).value as string) as CallingOrder
const db = openDatabase(order.databaseUrl, { max: 6, applicationName: 'lanekeeper-test-caller' })
const row = await findConnection(db, order.connectionId)
if (!row) throw new Error(`There is no connection "${order.connectionId}"`)
const { client } = openConnection(
  {
    db,
    box: createSecretBox([{ version: 'v1', key: Buffer.from(order.keyHex, 'hex') }]),
    needsOf: () => ({ objects: [] }),
    allowsLoopback: true,
    extraHosts: [],
    nowMs: () => Date.now() + order.laterMs,
    instance: `caller-${process.pid}`,
  },
  row,
)
process.stdout.write('ready\n')
await lines.next()
const answers = await Promise.allSettled(Array.from({ length: order.calls }, () => client.identify()))
const said = answers.map((one) => (one.status === 'fulfilled' ? one.value.accountId : String(one.reason)))
process.stdout.write(`${JSON.stringify(said)}\n`)
await db.destroy()
process.exit()
