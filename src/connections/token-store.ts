import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { nowMs } from '../clock/clock.ts'
import { CrmBusyError, CrmReconnectError } from '../crm/crm-client.ts'
import type { TokenStore, Tokens } from '../crm/grant.ts'
import {
  claimRenewal,
  readSealedTokens,
  releaseRenewal,
  type SealedTokens,
  storeRenewed,
  type TokenOwner,
} from '../store/connections/tokens.ts'
import type { Database } from '../store/database/database.ts'
import type { SecretBox } from '../store/secrets/secret-box.ts'
import { draftTokensOf, tokensOf } from '../store/secrets/secret-places.ts'
import type { ConnectDeps } from './context.ts'

/**
 * How long one process may take to ask the CRM before another asks instead. Above the deadline of every call for tokens
 * (20 s): two askers with one refresh token may lock us out where it is rotated.
 */
const LEASE_MS = 45_000

/**
 * How long a caller waits for another process that asks; then its work goes back to the queue. Below the lease,
 * so that the work is given back before another takes it.
 */
export const RENEWAL_WAIT_MS = 30_000

const LOOK_EVERY_MS = 60

export type TokenStoreDeps = {
  readonly db: Database
  readonly box: SecretBox
  /** Names this process. */
  readonly instance: string
  /** Shorter in tests of a process that died. */
  readonly leaseMs?: number
}

/** The tokens of one connection, or of one being made, shared by every process through its row. */
export function sharedTokens(deps: TokenStoreDeps, owner: TokenOwner): TokenStore {
  const { db, box, leaseMs = LEASE_MS } = deps
  const place = owner.of === 'connection' ? tokensOf(owner.id) : draftTokensOf(owner.id)

  async function stored(): Promise<SealedTokens> {
    const row = await readSealedTokens(db, owner)
    if (row) return row
    throw new CrmReconnectError(
      `No tokens are kept for ${owner.of} "${owner.id}": it was ended meanwhile`,
      'Connect the CRM again.',
    )
  }

  const opened = (sealed: Buffer | null) => (sealed === null ? null : (JSON.parse(box.open(place, sealed)) as Tokens))

  async function read() {
    const { sealed, version } = await stored()
    return { tokens: opened(sealed), version }
  }

  return {
    read,
    async renew(seenVersion, fetchNew) {
      const givesUpAtMs = performance.now() + RENEWAL_WAIT_MS
      for (;;) {
        const { sealed, version } = await stored()
        const newer = version > seenVersion ? opened(sealed) : null
        if (newer) return { tokens: newer, version }
        const holder = `${deps.instance}/${randomUUID()}`
        if (await claimRenewal(db, owner, { seenVersion: version, holder, leaseMs })) {
          const tokens = await fetchAndStore(version, holder, sealed, fetchNew)
          if (tokens) return { tokens, version: version + 1 }
          continue
        }
        if (performance.now() > givesUpAtMs) {
          throw new CrmBusyError(`Another process has been renewing the tokens of "${owner.id}" for too long`, nowMs())
        }
        // Jittered, so that many waiters do not ask the database in step.
        await wait(LOOK_EVERY_MS * (0.5 + Math.random()))
      }
    },
  }

  /** Null: somebody stored newer ones while this took longer than its lease. */
  async function fetchAndStore(
    seenVersion: number,
    holder: string,
    sealed: Buffer | null,
    fetchNew: (current: Tokens | null) => Promise<Tokens>,
  ): Promise<Tokens | null> {
    let tokens: Tokens
    try {
      tokens = await fetchNew(opened(sealed))
    } catch (error) {
      // Should this fail too, the lease ends by itself.
      await releaseRenewal(db, owner, holder).catch(() => undefined)
      throw error
    }
    // Committed before anybody uses them: a rotated refresh token that is lost locks us out.
    const isStored = await storeRenewed(db, owner, { seenVersion, sealed: box.seal(place, JSON.stringify(tokens)) })
    return isStored ? tokens : null
  }
}

/** For a login that is tried before there is a row to keep its tokens in, or that is ended when there is none any more. */
export function tokensInMemory(initial: Tokens | null = null): TokenStore {
  let tokens = initial
  let version = 0
  let underWay: Promise<Tokens> | null = null
  return {
    read: async () => ({ tokens, version }),
    async renew(seenVersion, fetchNew) {
      if (tokens !== null && version > seenVersion) return { tokens, version }
      underWay ??= fetchNew(tokens).finally(() => {
        underWay = null
      })
      const fetched = await underWay
      if (fetched !== tokens) {
        tokens = fetched
        version += 1
      }
      return { tokens: fetched, version }
    },
  }
}

/** To be read after calls whose words are to be cleaned: a renewal may have happened in them. Null: there are none. */
export async function tokensNow({ db, box }: ConnectDeps, connectionId: string): Promise<unknown> {
  const row = await readSealedTokens(db, { of: 'connection', id: connectionId })
  return row?.sealed ? JSON.parse(box.open(tokensOf(connectionId), row.sealed)) : null
}
