import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { sharedTokens } from '../../src/connections/token-store.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'
import type { Tokens } from '../../src/crm/grant.ts'
import { putTokens, type TokenOwner } from '../../src/store/connections/tokens.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { resealAll } from '../../src/store/secrets/reseal.ts'
import { createSecretBox, keyVersionOf, type SecretKey } from '../../src/store/secrets/secret-box.ts'
import { tokensOf } from '../../src/store/secrets/secret-places.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { newKey } from './connect-stage.ts'

const OWNER: TokenOwner = { of: 'connection', id: 'c' }
const token = (n: number): Tokens => ({
  accessToken: `access-${n}`,
  refreshToken: `refresh-${n}`,
  expiresAtMs: null,
  instanceUrl: null,
  accountId: null,
  userId: null,
  scopes: [],
})

describe('tokens that several processes share', () => {
  let database: TestDatabase
  let other: Database
  let keys: readonly SecretKey[] = [newKey('v1')]
  const box = createSecretBox(() => keys)
  before(async () => {
    database = await testDatabase()
    other = openDatabase(database.url, { max: 4, applicationName: 'lanekeeper-test' })
  })
  after(async () => {
    await other.destroy()
    await database.drop()
  })
  beforeEach(async () => {
    await sql`delete from connection`.execute(database.db)
    await sql`insert into connection (id, crm, title, account_id, base_url) values ('c', 'hubspot', 'C', '1', 'x')`.execute(
      database.db,
    )
    await putTokens(database.db, 'c', box.seal(tokensOf('c'), JSON.stringify(token(1))))
  })
  /** Two processes: two pools, two names. */
  const process = (n: number, leaseMs?: number) =>
    sharedTokens(
      {
        db: n === 0 ? database.db : other,
        box,
        instance: `process-${n}`,
        ...(leaseMs === undefined ? {} : { leaseMs }),
      },
      OWNER,
    )
  const lease = async () =>
    (
      await sql<{ by: string | null; version: number }>`
        select renewing_by as by, version from connection_token where connection_id = 'c'`.execute(database.db)
    ).rows[0]!

  it('fault matrix 32: fifty that meet one refused token in two processes fetch once, and all get the new one', async () => {
    let fetched = 0
    const rotating = async (current: Tokens | null) => {
      fetched += 1
      assert.equal(current?.refreshToken, 'refresh-1')
      await wait(30)
      return token(2)
    }
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => process(n % 2).renew(1, rotating)))
    assert.equal(fetched, 1)
    assert.deepEqual(new Set(all.map(({ tokens }) => tokens.accessToken)), new Set(['access-2']))
    assert.deepEqual(new Set(all.map(({ version }) => version)), new Set([2]))
  })

  it('each further renewal is one fetch, with the refresh token of the one before', async () => {
    const used: (string | null | undefined)[] = []
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          process(n % 2).renew(round, async (current) => {
            used.push(current?.refreshToken)
            return token(round + 1)
          }),
        ),
      )
    }
    assert.deepEqual(used, ['refresh-1', 'refresh-2', 'refresh-3', 'refresh-4', 'refresh-5'])
  })

  it('are stored before anybody gets them', async () => {
    const { tokens } = await process(0).renew(1, async () => token(2))
    assert.deepEqual((await process(1).read()).tokens, tokens)
    assert.equal((await lease()).by, null)
  })

  it('fault matrix 33: a process that died between the answer and the commit is taken over when its lease ends', async () => {
    void process(0, 400)
      .renew(1, () => new Promise<never>(() => undefined))
      .catch(() => undefined)
    while ((await lease()).by === null) await wait(5)
    const began = performance.now()
    // The refresh token that the dead one has used up is all there is: the CRM refuses it, and that is not kept silent.
    await assert.rejects(
      process(1).renew(1, async (current) => {
        assert.equal(current?.refreshToken, 'refresh-1')
        throw new CrmReconnectError('refused', 'Connect again.')
      }),
      CrmReconnectError,
    )
    assert.ok(performance.now() - began > 250, 'not before the lease was over')
    const { tokens } = await process(1).renew(1, async () => token(2))
    assert.equal(tokens.accessToken, 'access-2')
  })

  it('a renewal that failed lets the next one ask at once', async () => {
    await assert.rejects(
      process(0).renew(1, () => Promise.reject(new Error('503'))),
      /503/,
    )
    const began = performance.now()
    await process(1).renew(1, async () => token(2))
    assert.ok(performance.now() - began < 1_000)
  })

  it('what a process stores after its lease was taken over does not replace newer tokens', async () => {
    const answer = Promise.withResolvers<Tokens>()
    const slow = process(0, 100).renew(1, () => answer.promise)
    while ((await lease()).by === null) await wait(5)
    await wait(120)
    await process(1).renew(1, async () => token(2))
    answer.resolve(token(99))
    assert.equal((await slow).tokens.accessToken, 'access-2')
    assert.equal((await lease()).version, 2)
  })

  it('fault matrix 45: keys rotate while renewals run, and nothing is lost', async () => {
    let stop = false
    let renewed = 1
    const work = (async () => {
      while (!stop) {
        const { version } = await process(renewed % 2).read()
        const { tokens } = await process(renewed % 2).renew(version, async (current) => {
          assert.equal(current?.accessToken, `access-${renewed}`)
          return token(renewed + 1)
        })
        assert.equal(tokens.accessToken, `access-${renewed + 1}`)
        renewed += 1
      }
    })()
    for (let round = 2; round <= 6; round += 1) {
      keys = [newKey(`v${round}`), ...keys]
      await resealAll(other, box)
      const { rows } = await sql<{ sealed: Buffer }>`select sealed from connection_token`.execute(database.db)
      assert.equal(keyVersionOf(rows[0]!.sealed), `v${round}`)
      // What is older than the last is in no use: it may go while the renewals run on.
      keys = keys.slice(0, 2)
    }
    stop = true
    await work
    assert.ok(renewed > 5, `${renewed} renewals`)
    assert.equal((await process(0).read()).tokens?.accessToken, `access-${renewed}`)
  })

  it('of a connection that was ended are nobody’s', async () => {
    await sql`delete from connection where id = 'c'`.execute(database.db)
    await assert.rejects(process(0).read(), CrmReconnectError)
    await assert.rejects(
      process(0).renew(1, async () => token(2)),
      CrmReconnectError,
    )
  })

  it('cannot be read from another connection’s row', async () => {
    const id = `d-${randomUUID()}`
    await sql`insert into connection (id, crm, title, account_id, base_url) values (${id}, 'hubspot', 'D', '2', 'x')`.execute(
      database.db,
    )
    await sql`insert into connection_token (connection_id, sealed, version)
      select ${id}, sealed, 1 from connection_token where connection_id = 'c'`.execute(database.db)
    const moved = sharedTokens({ db: database.db, box, instance: 'p' }, { of: 'connection', id })
    await assert.rejects(moved.read(), { code: 'SECRET_TAMPERED' })
  })
})
