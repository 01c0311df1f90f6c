import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, firstRow, startSandbox } from './salesforce-clients.ts'

/** The types of queryMore ask for more than the function does. */
const BY_200 = { headers: { 'Sforce-Query-Options': 'batchSize=200' } } as unknown as Parameters<
  Connection['queryMore']
>[1]

describe('queries against the Salesforce sandbox, through jsforce', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
  })
  after(() => sandbox.close())

  const ids = async (soql: string): Promise<string[]> =>
    (await connection.query(soql)).records.map((row) => row.Id as string)
  const count = async (soql: string): Promise<number> => (await connection.query(soql)).totalSize
  const refused = (soql: string, errorCode: string, message: RegExp) =>
    assert.rejects(
      async () => await connection.query(soql),
      (error: Error & { errorCode?: string }) => {
        assert.equal(error.errorCode, errorCode)
        assert.match(error.message, message)
        return true
      },
    )

  it('answers COUNT() without records', async () => {
    const answer = await connection.query('SELECT COUNT() FROM Lead')
    assert.equal(answer.totalSize, sandbox.org.store.table('Lead').size)
    assert.deepEqual(answer.records, [])
  })

  it('returns relationship fields one level deep, and null for a blank reference', async () => {
    const lead = await firstRow(
      connection,
      "SELECT Id, OwnerId, Owner.Email, Owner.Type FROM Lead WHERE Owner.Type = 'User'",
    )
    const owner = sandbox.org.store.get('User', String(lead.OwnerId))
    assert.equal((lead.Owner as { Email: string }).Email, owner?.Email)
    const account = await firstRow(connection, 'SELECT Id, Parent.Name FROM Account WHERE ParentId = null')
    assert.equal(account.Parent, null)
  })

  it('pages through more than one batch with nextRecordsUrl and loses nothing', async () => {
    const total = sandbox.org.store.table('Lead').size
    assert.ok(total > 400, 'the test needs several batches of 200')
    let answer = await connection.query('SELECT Id FROM Lead', BY_200)
    const seen = new Set(answer.records.map((row) => row.Id))
    assert.equal(answer.records.length, 200)
    while (!answer.done) {
      answer = await connection.queryMore(answer.nextRecordsUrl!, BY_200)
      for (const row of answer.records) seen.add(row.Id)
    }
    assert.equal(seen.size, total)
  })

  it('keeps an open cursor as it was when the query ran', async () => {
    const first = await connection.query('SELECT Id, Company FROM Lead WHERE IsConverted = false ORDER BY Id', BY_200)
    const last = await firstRow(
      connection,
      'SELECT Id, Company FROM Lead WHERE IsConverted = false ORDER BY Id DESC LIMIT 1',
    )
    await connection
      .sobject('Lead')
      .update({ Id: last.Id, Company: 'Renamed meanwhile' }, { headers: { 'Sforce-Auto-Assign': 'FALSE' } })
    let answer = first
    while (!answer.done) answer = await connection.queryMore(answer.nextRecordsUrl!, BY_200)
    assert.equal(answer.records.at(-1)?.Company, last.Company)
  })

  it('J-7: query() alone stops at the first page', async () => {
    const answer = await connection.query('SELECT Id FROM Lead', BY_200)
    assert.equal(answer.done, false)
    assert.equal(answer.records.length, 200)
  })

  it('refuses a cursor that it never issued', async () => {
    await assert.rejects(async () => await connection.queryMore('/services/data/v67.0/query/01gLk0000000000AAA-2000'), {
      name: 'INVALID_QUERY_LOCATOR',
    })
  })

  it('compares text case-insensitively and ids exactly', async () => {
    const lead = await firstRow(connection, 'SELECT Id, LastName FROM Lead WHERE LastName != null')
    const name = String(lead.LastName).replaceAll("'", "\\'")
    assert.ok((await ids(`SELECT Id FROM Lead WHERE LastName = '${name.toUpperCase()}'`)).includes(lead.Id))
    assert.deepEqual(await ids(`SELECT Id FROM Lead WHERE Id = '${lead.Id.slice(0, 15)}'`), [lead.Id])
    const otherCase = lead.Id.slice(0, 15).replace('Q5g', 'Q5G')
    assert.deepEqual(await ids(`SELECT Id FROM Lead WHERE Id = '${otherCase}'`), [])
  })

  it('treats null as a separate value: != keeps blanks, < and > drop them', async () => {
    await connection.sobject('Lead').create({ LastName: 'Blank', Company: 'Blank' })
    const all = await count('SELECT COUNT() FROM Lead')
    const blank = await count('SELECT COUNT() FROM Lead WHERE NumberOfEmployees = null')
    assert.ok(blank > 0)
    const hundred = await count('SELECT COUNT() FROM Lead WHERE NumberOfEmployees = 100')
    assert.equal(await count('SELECT COUNT() FROM Lead WHERE NumberOfEmployees != 100'), all - hundred)
    const compared = await count('SELECT COUNT() FROM Lead WHERE NumberOfEmployees < 100 OR NumberOfEmployees >= 100')
    assert.equal(compared, all - blank)
  })

  it('combines AND, OR, NOT and parentheses as boolean algebra does', async () => {
    const left = await count("SELECT COUNT() FROM Lead WHERE NOT (Status = 'Open' OR Rating = 'Hot')")
    const right = await count("SELECT COUNT() FROM Lead WHERE Status != 'Open' AND (NOT Rating = 'Hot')")
    assert.equal(left, right)
    assert.ok(left > 0)
  })

  it('requires parentheses where AND and OR meet', async () => {
    await refused(
      "SELECT Id FROM Lead WHERE Status = 'Open' AND Rating = 'Hot' OR City = 'Graz'",
      'MALFORMED_QUERY',
      /unexpected token/,
    )
  })

  it('understands IN, NOT IN, LIKE, dates, date literals and sub-selects', async () => {
    const lead = await connection.sobject('Lead').create({ LastName: "O'Neil_100%", Company: 'Back\\slash' })
    assert.ok(lead.success)
    assert.deepEqual(await ids("SELECT Id FROM Lead WHERE LastName LIKE 'O\\'Neil\\_100\\%'"), [lead.id])
    assert.deepEqual(await ids("SELECT Id FROM Lead WHERE LastName LIKE 'o_neil%' AND Company = 'Back\\\\slash'"), [
      lead.id,
    ])
    assert.deepEqual(await ids('SELECT Id FROM Lead WHERE CreatedDate = TODAY AND Id IN (SELECT WhoId FROM Task)'), [])
    await connection.sobject('Task').create({ Subject: 'Call', WhoId: lead.id })
    assert.deepEqual(await ids('SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task)'), [lead.id])
    const all = await count('SELECT COUNT() FROM Lead')
    const open = await count("SELECT COUNT() FROM Lead WHERE Status IN ('Open', 'Working')")
    assert.equal(await count("SELECT COUNT() FROM Lead WHERE Status NOT IN ('Open', 'Working')"), all - open)
    assert.equal(await count('SELECT COUNT() FROM Lead WHERE CreatedDate = LAST_N_DAYS:20000'), all)
    assert.equal(
      await count("SELECT COUNT() FROM Lead WHERE CreatedDate > 2026-11-22T09:59:00Z AND Company LIKE 'Back%'"),
      1,
    )
  })

  it('sorts by several keys, blanks first unless told otherwise', async () => {
    const rows = (
      await connection.query(
        'SELECT Id, Country, LastName FROM Lead ORDER BY Country DESC NULLS LAST, LastName ASC LIMIT 150',
      )
    ).records
    const key = (row: (typeof rows)[number]) => String(row.Country).toLowerCase()
    for (let i = 1; i < rows.length; i++) {
      assert.ok(key(rows[i - 1]!) >= key(rows[i]!))
      if (key(rows[i - 1]!) === key(rows[i]!)) {
        assert.ok(String(rows[i - 1]!.LastName).toLowerCase() <= String(rows[i]!.LastName).toLowerCase())
      }
    }
    const [first] = (await connection.query('SELECT Id, Rating FROM Lead ORDER BY Rating LIMIT 1')).records
    assert.equal(first?.Rating, null)
  })

  it('groups and aggregates', async () => {
    const rows = (await connection.query('SELECT Status, COUNT(Id) n FROM Lead GROUP BY Status'))
      .records as unknown as { Status: string; n: number }[]
    const total = rows.reduce((sum, row) => sum + row.n, 0)
    assert.equal(total, await count('SELECT COUNT() FROM Lead'))
  })

  it('names an unknown field, object, relationship or word', async () => {
    await refused('SELECT Nonsense FROM Lead', 'INVALID_FIELD', /No such column 'Nonsense' on entity 'Lead'/)
    await refused('SELECT Id FROM Nonsense', 'INVALID_TYPE', /sObject type 'Nonsense' is not supported/)
    await refused('SELECT Nobody.Name FROM Lead', 'INVALID_FIELD', /Didn't understand relationship 'Nobody'/)
    await refused('SELEKT Id FROM Lead', 'MALFORMED_QUERY', /unexpected token: 'SELEKT'/)
    await refused("SELECT Id FROM Lead WHERE LastName = 'open", 'MALFORMED_QUERY', /unexpected token/)
    await refused(
      "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'",
      'INVALID_FIELD',
      /must be of type dateTime and should not be enclosed in quotes/,
    )
    await refused("SELECT Id FROM Lead WHERE Id = 'nonsense'", 'INVALID_QUERY_FILTER_OPERATOR', /invalid ID field/)
    await refused("SELECT Id FROM Task WHERE Description LIKE '%x%'", 'INVALID_FIELD', /can not be filtered/)
    await refused('SELECT Id FROM Lead OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE', /offset/)
  })

  it('a list of ids too long for the URL is refused with 414, or 431 when the headers make it too long', async () => {
    const [id] = await ids('SELECT Id FROM Lead LIMIT 1')
    const list = (n: number) => Array.from({ length: n }, () => `'${id}'`).join(',')
    const status = async (n: number) => {
      const soql = `SELECT Id FROM Lead WHERE Id IN (${list(n)})`
      const response = await fetch(`${sandbox.url}/services/data/v67.0/query?q=${encodeURIComponent(soql)}`, {
        headers: { authorization: `Bearer ${connection.accessToken}` },
      })
      await response.text()
      return response.status
    }
    assert.equal(await status(500), 200)
    assert.equal(await status(800), 414)
    const statuses = new Set<number>()
    for (let n = 560; n < 640 && !statuses.has(431); n++) statuses.add(await status(n))
    assert.ok(statuses.has(431))
  })

  it('J-1: what jsforce builds from a hostile value leaves its quotes, so the query is refused instead of finding nothing', async () => {
    const hostile = "x\\' OR Id != null OR Company = '"
    await assert.rejects(async () => await connection.sobject('Lead').find({ Company: hostile }).execute(), {
      name: 'MALFORMED_QUERY',
    })
    const escaped = hostile.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
    assert.deepEqual(await ids(`SELECT Id FROM Lead WHERE Company = '${escaped}'`), [])
    const made = await connection.sobject('Lead').create({ LastName: 'Hostile', Company: hostile })
    assert.deepEqual(await ids(`SELECT Id FROM Lead WHERE Company = '${escaped}'`), [made.id])
  })

  it('J-1: an empty list of ids makes jsforce ask for every record', async () => {
    const found = await connection
      .sobject('Lead')
      .find({ Id: { $in: [] } }, ['Id'])
      .execute({ autoFetch: true })
    assert.equal(found.length, await count('SELECT COUNT() FROM Lead'))
  })

  it('returns deleted records in queryAll only', async () => {
    const made = await connection.sobject('Lead').create({ LastName: 'Gone', Company: 'Gone' })
    assert.ok(made.success)
    await connection.sobject('Lead').destroy(made.id)
    const soql = `SELECT Id, IsDeleted FROM Lead WHERE Id = '${made.id}'`
    assert.equal((await connection.query(soql)).totalSize, 0)
    const all = await connection.query(soql, { scanAll: true })
    assert.deepEqual([all.totalSize, all.records[0]?.IsDeleted], [1, true])
  })

  it('counts the entities selected for change events, through the Tooling API', async () => {
    const answer = await connection.tooling.query('SELECT SelectedEntity FROM PlatformEventChannelMember')
    assert.equal(answer.totalSize, 5)
  })

  it('returns the setup objects: users, queues, members, territories, statuses, the organization', async () => {
    for (const [soql, min] of [
      ['SELECT Id, Email, IsActive, TimeZoneSidKey FROM User', 40],
      ['SELECT UserId, IsFrozen, IsPasswordLocked FROM UserLogin WHERE IsFrozen = false', 40],
      ["SELECT Id, Name, DeveloperName FROM Group WHERE Type = 'Queue'", 1],
      ['SELECT GroupId, UserOrGroupId FROM GroupMember', 1],
      ['SELECT Id, Name, ParentTerritory2Id, Territory2Model.State FROM Territory2', 12],
      ['SELECT UserId, Territory2Id, IsActive, RoleInTerritory2, User.IsActive FROM UserTerritory2Association', 12],
      ['SELECT ObjectId, Territory2Id, AssociationCause FROM ObjectTerritory2Association', 1],
      ['SELECT ApiName, IsClosed, IsDefault FROM TaskStatus WHERE IsClosed = true', 1],
      ['SELECT ApiName, IsHighPriority FROM TaskPriority', 3],
      ['SELECT Id, Name, TimeZoneSidKey FROM Organization', 1],
    ] as const) {
      assert.ok((await count(soql)) >= min, soql)
    }
  })
})
