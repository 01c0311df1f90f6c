import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { WaysReply } from '../../src/api/sessions/session-types.ts'
import { LINKS_ONLY, sandboxAddresses } from '../../src/api/sessions/sign-in-set-up.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { type AppUnderTest, appUnderTest, cookieOf } from './app-under-test.ts'

const SANDBOX = ['http://127.0.0.1:5001', 'http://127.0.0.1:5002']

describe("the sandbox's cast", () => {
  let t: AppUnderTest
  let tom: string
  before(async () => {
    t = await appUnderTest({ signIn: { ...LINKS_ONLY, sandbox: SANDBOX } })
    tom = await createPerson(t.db, { name: 'Tom Becker', madeBy: 'sandbox' })
    const gone = await createPerson(t.db, { name: 'Gone Person', madeBy: 'sandbox' })
    await sql`update person set ended_at = now() where id = ${gone}`.execute(t.db)
  })
  after(() => t.close())

  const cast = async (headers: Record<string, string> = {}) =>
    (await t.call({ url: '/api/session/ways', headers })).json<WaysReply>().cast
  const signInAs = (personId: string, headers: Record<string, string> = {}) =>
    t.call({ method: 'POST', url: '/api/session/cast', payload: { personId }, headers })
  const connect = (id: string, baseUrl: string, madeBy = 'environment') =>
    sql`insert into connection (id, crm, title, account_id, base_url, made_by)
      values (${id}, 'hubspot', ${id}, ${id}, ${baseUrl}, ${madeBy})`.execute(t.db)
  const look = (cookie: string) => t.call({ url: '/api/session', headers: { cookie } })

  it('is everybody who has not left, as long as nobody has a job', async () => {
    assert.deepEqual(await cast(), [{ personId: tom, name: 'Tom Becker', lanes: [] }])
  })

  it('is whoever has accepted a job, with what they do', async () => {
    await createPerson(t.db, { name: 'Without A Job', madeBy: 'sandbox' })
    await sql`insert into job (workflow, lane, person_id, offered_by, accepted_at) values
      ('', 'admin', ${tom}, 'sandbox', now()), ('w', 'data', ${tom}, 'sandbox', null)`.execute(t.db)
    assert.deepEqual(await cast(), [{ personId: tom, name: 'Tom Becker', lanes: ['admin'] }])
  })

  it('signs in as one of them, which the ledger says', async () => {
    const reply = await signInAs(tom)
    assert.equal(reply.statusCode, 200)
    assert.equal(reply.json<{ method: string }>().method, 'sandbox')
    assert.equal((await look(cookieOf(reply))).statusCode, 200)
    const { rows } = await sql<{ actor: string }>`select actor from ledger where kind = 'signed-in'`.execute(t.db)
    assert.deepEqual(rows, [{ actor: `person:${tom}` }])
  })

  it('has nobody who left, and nobody who never was', async () => {
    const { rows } = await sql<{ id: string }>`select id from person where name = 'Gone Person'`.execute(t.db)
    for (const id of [rows[0]!.id, 'nobody', `${tom}' or true`]) assert.equal((await signInAs(id)).statusCode, 404, id)
  })

  it('is not offered to requests that a proxy passes on', async () => {
    const proxied: Record<string, string>[] = [
      { 'x-forwarded-for': '10.0.0.9' },
      { forwarded: 'for=10.0.0.9' },
      { via: '1.1 proxy' },
    ]
    for (const headers of proxied) {
      assert.equal(await cast(headers), null)
      assert.equal((await signInAs(tom, headers)).statusCode, 404)
    }
  })

  it('stays while only the CRMs of this sandbox are connected, and through one of somebody else that was disconnected', async () => {
    await connect('sandbox-1', SANDBOX[0]!)
    await connect('before', 'https://api.hubapi.com', 'console')
    await sql`update connection set status = 'disconnected' where id = 'before'`.execute(t.db)
    assert.notEqual(await cast(), null)
  })

  for (const [what, baseUrl, madeBy] of [
    ['a CRM of their own, connected in the console', 'https://api.hubapi.com', 'console'],
    ['a sandbox of another start', 'http://127.0.0.1:5003', 'environment'],
    ['the address of the sandbox, connected by a person', SANDBOX[1]!, 'console'],
    ['a CRM that needs to be reconnected', 'https://acme.my.salesforce.com', 'terminal'],
  ] as const) {
    it(`ends with the first other connection, and so do its open sessions: ${what}`, async () => {
      const cookie = cookieOf(await signInAs(tom))
      const own = await t.signIn()
      await connect('other', baseUrl, madeBy)
      if (madeBy === 'terminal') {
        await sql`update connection set status = 'reconnect-needed' where id = 'other'`.execute(t.db)
      }
      assert.equal(await cast(), null)
      assert.equal((await signInAs(tom)).statusCode, 404)
      assert.equal((await look(cookie)).statusCode, 401)
      assert.equal((await look(own)).statusCode, 200)
      // It does not come back with the cast.
      await sql`delete from connection where id = 'other'`.execute(t.db)
      assert.notEqual(await cast(), null)
      assert.equal((await look(cookie)).statusCode, 401)
    })
  }
})

describe('where there is no sandbox of this start', () => {
  it('nobody signs in as somebody, and a session from before is over', async () => {
    const t = await appUnderTest()
    const tom = await createPerson(t.db, { name: 'Tom Becker', madeBy: 'sandbox' })
    const reply = await t.call({ method: 'POST', url: '/api/session/cast', payload: { personId: tom } })
    assert.equal(reply.statusCode, 404)
    assert.equal((await t.call({ url: '/api/session/ways' })).json<WaysReply>().cast, null)
    await t.close()
  })

  const LOCAL = { sandbox: 'on', host: '127.0.0.1', publicUrl: 'http://localhost:4000', crms: SANDBOX } as const
  for (const [title, over] of [
    ['the sandbox is off', { sandbox: 'off' }],
    ['nobody said that it is on', { sandbox: 'auto' }],
    ['the service listens on every address', { host: '0.0.0.0' }],
    ['people come by another address than this machine', { publicUrl: 'https://lanes.acme.example' }],
    ['no CRM was started', { crms: [] }],
    ['the CRMs are elsewhere', { crms: ['https://api.hubapi.com', 'http://127.evil.example'] }],
  ] as const) {
    it(`there is no cast: ${title}`, () => {
      assert.notEqual(sandboxAddresses(LOCAL), null)
      assert.equal(sandboxAddresses({ ...LOCAL, ...over }), null)
    })
  }
})
