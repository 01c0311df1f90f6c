import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox } from './salesforce-clients.ts'

type Row = { readonly success: boolean; readonly errors: { statusCode: string; message: string; fields: string[] }[] }

describe('writes that the Salesforce sandbox refuses as an org does', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let leads: string[]
  let accounts: string[]
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
    const ids = async (soql: string) => (await connection.query(soql)).records.map((row) => String(row.Id))
    leads = await ids('SELECT Id FROM Lead WHERE IsConverted = false LIMIT 10')
    accounts = await ids('SELECT Id FROM Account LIMIT 10')
  })
  after(() => sandbox.close())

  const patch = async (records: object[]): Promise<Row[]> =>
    (await connection.request({
      method: 'PATCH',
      url: '/composite/sobjects',
      body: JSON.stringify({ allOrNone: false, records }),
      headers: { 'content-type': 'application/json', 'Sforce-Auto-Assign': 'FALSE' },
    })) as Row[]
  const row = (type: 'Lead' | 'Account', id: string, fields: object) => ({ attributes: { type }, id, ...fields })
  const codes = (rows: readonly Row[]) => rows.map(({ success, errors }) => (success ? 'ok' : errors[0]?.statusCode))

  it('one record twice in a Collections call: the second row is refused, also by its short id', async () => {
    const [one, other] = leads as [string, string]
    const rows = await patch([
      row('Lead', one, { Title: 'first' }),
      row('Lead', other, { Title: 'other' }),
      row('Lead', one.slice(0, 15), { Title: 'second' }),
    ])
    assert.deepEqual(codes(rows), ['ok', 'ok', 'DUPLICATE_VALUE'])
    assert.equal(sandbox.org.store.get('Lead', one)?.Title, 'first')
  })

  it('more than ten runs of one type in a Collections call: nothing is written', async () => {
    const mixed = (n: number) =>
      Array.from({ length: n }, (_, at) =>
        at % 2 === 0
          ? row('Lead', leads[at / 2]!, { Title: `run ${n}` })
          : row('Account', accounts[(at - 1) / 2]!, { Site: `run ${n}` }),
      )
    assert.deepEqual(new Set(codes(await patch(mixed(10)))), new Set(['ok']))
    await assert.rejects(patch(mixed(11)), /Cannot have more than 10 chunks in a single operation/)
    assert.equal(sandbox.org.store.get('Lead', leads[0]!)?.Title, 'run 10')
  })

  it('an owner queue that does not take the object', async () => {
    const queue = (await firstRow(connection, "SELECT Id FROM Group WHERE Type = 'Queue'")).Id
    const task = { Subject: 'For the queue', OwnerId: queue }
    await assert.rejects(
      async () => connection.sobject('Task').create(task as never),
      (error: Error & { errorCode?: string; data?: { fields?: string[] } }) => {
        assert.deepEqual([error.errorCode, error.data?.fields], ['FIELD_INTEGRITY_EXCEPTION', ['OwnerId']])
        return /Queue not associated with this SObject type/.test(error.message)
      },
    )
    assert.deepEqual(codes(await patch([row('Lead', leads[9]!, { OwnerId: queue })])), ['ok'])
  })

  it('what the rules and the automation of the org stop: a validation rule, a flow, a limit of a transaction', async () => {
    for (const [kind, code, words] of [
      ['validation-rule', 'FIELD_CUSTOM_VALIDATION_EXCEPTION', /approval/],
      ['flow', 'CANNOT_EXECUTE_FLOW_TRIGGER', /process failed/],
      ['governor', 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', /System\.LimitException: Too many SOQL queries/],
    ] as const) {
      await control(sandbox, 'POST', 'faults', { kind })
      const before = sandbox.org.store.get('Lead', leads[3]!)?.Title
      const rows = await patch(leads.slice(3, 5).map((id) => row('Lead', id, { Title: kind })))
      assert.deepEqual(codes(rows), [code, code])
      assert.match(rows[0]!.errors[0]!.message, words)
      assert.equal(sandbox.org.store.get('Lead', leads[3]!)?.Title, before)
    }
  })

  it('allows 25,000 delivered events a day unless it is told otherwise', async () => {
    const limits = (await connection.requestGet('/limits')) as Record<string, { Max: number }>
    assert.equal(limits.DailyDeliveredPlatformEvents?.Max, 25_000)
  })
})
