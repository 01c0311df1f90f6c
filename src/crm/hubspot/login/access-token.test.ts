import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryTokens, tokensOf } from '../../../../test/crm/hubspot/tokens.ts'
import { CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { Tokens } from '../../grant.ts'
import { oauthToken } from './access-token.ts'

const MINUTE = 60_000
const START = Date.parse('2026-11-20T09:00:00Z')

/** One process: a clock that the test moves, and a HubSpot that gives numbered tokens of half an hour. */
function processes(count: number, over: { refresh?: (refreshToken: string, n: number) => Promise<Tokens> } = {}) {
  const clock = { nowMs: START }
  const store = memoryTokens(tokensOf({ expiresAtMs: START + 30 * MINUTE }))
  const used: string[] = []
  const refresh = async (refreshToken: string): Promise<Tokens> => {
    used.push(refreshToken)
    const n = used.length + 1
    if (over.refresh) return over.refresh(refreshToken, n)
    return tokensOf({
      accessToken: `access-${n}`,
      refreshToken: `refresh-${n}`,
      expiresAtMs: clock.nowMs + 30 * MINUTE,
    })
  }
  const all = Array.from({ length: count }, () => oauthToken({ store, refresh, nowMs: () => clock.nowMs }))
  return { clock, store, used, all, first: all[0] as ReturnType<typeof oauthToken> }
}

describe('an OAuth token', () => {
  it('is renewed once, five minutes before it expires', async () => {
    const { clock, first, used } = processes(1)
    assert.equal(await first.current(), 'access-1')
    clock.nowMs = START + 25 * MINUTE - 1
    assert.equal(await first.current(), 'access-1')
    clock.nowMs += 1
    assert.equal(await first.current(), 'access-2')
    assert.equal(await first.current(), 'access-2')
    assert.deepEqual(used, ['refresh-1'])
  })

  it('is renewed once for all requests of all processes', async () => {
    const { clock, all, used, store } = processes(4)
    await Promise.all(all.map((one) => one.current()))
    clock.nowMs = START + 26 * MINUTE
    const tokens = await Promise.all(all.flatMap((one) => [one.current(), one.current(), one.current()]))
    assert.deepEqual([...new Set(tokens)], ['access-2'])
    assert.deepEqual([used, store.reads], [['refresh-1'], 4 + 4])
  })

  it('that HubSpot rejected is renewed once for all requests, and not if it was replaced already', async () => {
    const { all, used } = processes(2)
    const [one, other] = all
    const seen = (await one?.current()) ?? ''
    await other?.current()
    await Promise.all([one?.refused(seen), one?.refused(seen), other?.refused(seen)])
    assert.deepEqual([await one?.current(), await other?.current()], ['access-2', 'access-2'])
    await other?.refused(seen)
    assert.deepEqual(used, ['refresh-1'])
  })

  it('keeps the refresh token of each answer, or the old one where an answer has none', async () => {
    for (const rotated of ['refresh-9', null]) {
      const { clock, first, store } = processes(1, {
        refresh: async () => tokensOf({ accessToken: 'new', refreshToken: rotated, expiresAtMs: START + 60 * MINUTE }),
      })
      await first.current()
      clock.nowMs = START + 26 * MINUTE
      await first.current()
      assert.equal(store.tokens?.refreshToken, rotated ?? 'refresh-1')
    }
  })

  it('is stored before it is used', async () => {
    const { clock, first, store } = processes(1)
    await first.current()
    clock.nowMs = START + 26 * MINUTE
    const given = await first.current()
    assert.equal(store.tokens?.accessToken, given)
  })

  it('stays in use while HubSpot cannot renew it, until it expires', async () => {
    let healthy = false
    const { clock, first, used } = processes(1, {
      refresh: async () => {
        if (!healthy) throw new CrmUnknownError('HubSpot answered 502')
        return tokensOf({ accessToken: 'access-2', expiresAtMs: START + 60 * MINUTE })
      },
    })
    await first.current()
    clock.nowMs = START + 26 * MINUTE
    assert.equal(await first.current(), 'access-1')
    assert.equal(await first.current(), 'access-1')
    assert.equal(used.length, 1, 'not asked again at once')
    clock.nowMs = START + 31 * MINUTE
    await assert.rejects(first.current(), CrmUnknownError)
    healthy = true
    assert.equal(await first.current(), 'access-2')
  })

  it('with a short life is not renewed at every call', async () => {
    const { clock, first, used } = processes(1, {
      refresh: async (_, n) => tokensOf({ accessToken: `access-${n}`, expiresAtMs: clock.nowMs + MINUTE }),
    })
    await first.current()
    clock.nowMs = START + 26 * MINUTE
    for (let call = 1; call <= 30; call += 1) {
      await first.current()
      clock.nowMs += 1_000
    }
    assert.equal(used.length, 1)
  })

  it('without a grant asks an admin to reconnect', async () => {
    const { clock, first } = processes(1, {
      refresh: async () => {
        throw new CrmReconnectError('invalid_grant', 'Connect again.')
      },
    })
    await first.current()
    clock.nowMs = START + 26 * MINUTE
    await assert.rejects(first.current(), (error) => error instanceof CrmReconnectError && error.remedy !== '')
  })

  it('of another portal is not used, whether stored or renewed', async () => {
    const other = tokensOf({ accountId: '5550002', expiresAtMs: START + 60 * MINUTE })
    const options = { refresh: async () => other, accountId: '4471001', nowMs: () => START }
    for (const kept of [other, tokensOf({ expiresAtMs: START - 1 })]) {
      const token = oauthToken({ ...options, store: memoryTokens(kept) })
      await assert.rejects(token.current(), (error) => {
        assert.ok(error instanceof CrmReconnectError)
        assert.match(`${error.message} ${error.remedy}`, /5550002.*4471001/)
        return true
      })
    }
    const silent = tokensOf({ accountId: null, expiresAtMs: START + 60 * MINUTE })
    assert.equal(await oauthToken({ ...options, store: memoryTokens(silent) }).current(), 'access-1')
  })

  it('that is not stored asks an admin to reconnect', async () => {
    const token = oauthToken({ store: memoryTokens(null), refresh: async () => tokensOf(), nowMs: () => START })
    await assert.rejects(token.current(), CrmReconnectError)
  })
})

describe('trap 17: a refresh that lost a race', () => {
  it('reads the store again before it reports the grant as revoked', async () => {
    const { clock, first, store } = processes(1, {
      refresh: async () => {
        // Another process was given up for dead, and had used the refresh token up all the same.
        store.tokens = tokensOf({ accessToken: 'theirs', refreshToken: 'refresh-7', expiresAtMs: START + 60 * MINUTE })
        store.version += 1
        throw new CrmReconnectError('invalid_grant', 'Connect again.')
      },
    })
    await first.current()
    clock.nowMs = START + 26 * MINUTE
    assert.equal(await first.current(), 'theirs')
    assert.equal(store.tokens?.refreshToken, 'refresh-7')
  })
})
