import type { TokenStore, Tokens } from '../../../src/crm/grant.ts'

export type MemoryTokens = TokenStore & {
  readonly renewals: number
  readonly reads: number
  tokens: Tokens | null
  version: number
}

/** What the store of tokens promises, in memory: one renewal at a time, the others wait and get what it stored. */
export function memoryTokens(tokens: Tokens | null, version = 1): MemoryTokens {
  let underWay: Promise<unknown> = Promise.resolve()
  const store = {
    renewals: 0,
    reads: 0,
    tokens,
    version,
    async read() {
      store.reads += 1
      return { tokens: store.tokens, version: store.version }
    },
    async renew(seenVersion: number, fetchNew: (current: Tokens | null) => Promise<Tokens>) {
      const turn = underWay.then(async () => {
        if (store.version > seenVersion && store.tokens !== null) return
        const next = await fetchNew(store.tokens)
        store.renewals += 1
        store.tokens = next
        store.version += 1
      })
      underWay = turn.catch(() => {})
      await turn
      return { tokens: store.tokens as Tokens, version: store.version }
    },
  }
  return store
}

export function tokensOf(over: Partial<Tokens> = {}): Tokens {
  return {
    accessToken: 'access-1',
    refreshToken: 'refresh-1',
    expiresAtMs: null,
    instanceUrl: null,
    accountId: '4471001',
    userId: '9001',
    scopes: [],
    ...over,
  }
}
