import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { CrmReconnectError } from '../../crm/crm-client.ts'
import type { TokenStore, Tokens } from '../../crm/grant.ts'
import { crmProfile, isKnownCrm } from '../../model/record/crm-profile.ts'
import type { ConnectionRow } from '../../store/connections/connections.ts'
import { claimRenewal, readSealedTokens } from '../../store/connections/tokens.ts'
import { tokensOf } from '../../store/secrets/secret-places.ts'
import { CONNECTING_BUDGET } from '../call-budget.ts'
import type { ConnectDeps } from '../context.ts'
import { grantOf, openCrm } from '../open-connection.ts'
import { problemOf } from '../problem-text.ts'

export type RevokedGrant = { readonly revoked: boolean; readonly message: string }

/** A CRM that does not answer must not keep anybody from ending the connection. */
const REVOKE_WITHIN_MS = 30_000

/** Above the deadline of a call for tokens (20 s): one that was begun when the connection ended is over by then. */
const RENEWAL_OVER_WITHIN_MS = 25_000

const LOOK_EVERY_MS = 100

/** Gives the grant of an ended connection back, as far as the CRM takes it, and says what became of it. Never throws. */
export async function revokeGrant(deps: ConnectDeps, row: ConnectionRow): Promise<RevokedGrant> {
  if (!isKnownCrm(row.crm)) {
    const message = `This version has no adapter for "${row.crm}", so end our access there: in the CRM's own settings.`
    return { revoked: false, message }
  }
  const { title: crm, accessEndsAt } = crmProfile(row.crm)
  const stop = new AbortController()
  try {
    const grant = grantOf(deps, row)
    if (row.address === null)
      throw new CrmReconnectError(`Connection "${row.id}" has no address`, 'Connect the CRM again.')
    const { setup } = openCrm(deps, {
      crm: row.crm,
      connectionId: row.id,
      grant,
      address: row.address,
      tokens: heldTokens(await lastTokens(deps, row.id)),
      budget: CONNECTING_BUDGET,
      accountId: row.accountId,
      pagesUrl: row.pagesUrl ?? undefined,
    })
    const late = wait(REVOKE_WITHIN_MS, null, { signal: stop.signal }).catch(() => null)
    const answer = await Promise.race([setup.revoke(), late])
    return (
      answer ?? { revoked: false, message: `${crm} did not answer in time, so end our access there: ${accessEndsAt}` }
    )
  } catch (error) {
    // Neither the grant nor the tokens are in an adapter's error; what the CRM repeats is not shown at all.
    const isOurs = problemOf(error, crm, []) === null
    return {
      revoked: false,
      message: `The access could not be given back${isOurs ? '' : `, because ${crm} did not take it`}; end it there: ${accessEndsAt}`,
    }
  } finally {
    stop.abort()
  }
}

/**
 * The tokens to give back. Takes the right to renew them first and keeps it: a renewal that was under way would be given
 * tokens that nobody gives back. One that does not come to its end is not waited for.
 */
async function lastTokens({ db, box, instance }: ConnectDeps, connectionId: string): Promise<Tokens | null> {
  const owner = { of: 'connection', id: connectionId } as const
  const holder = `${instance}/ending/${randomUUID()}`
  const leaseMs = RENEWAL_OVER_WITHIN_MS + REVOKE_WITHIN_MS
  const givesUpAtMs = performance.now() + RENEWAL_OVER_WITHIN_MS
  for (;;) {
    const row = await readSealedTokens(db, owner)
    if (!row) return null
    const isOurs = await claimRenewal(db, owner, { seenVersion: row.version, holder, leaseMs })
    if (isOurs || performance.now() >= givesUpAtMs) {
      return row.sealed === null ? null : (JSON.parse(box.open(tokensOf(connectionId), row.sealed)) as Tokens)
    }
    await wait(LOOK_EVERY_MS)
  }
}

/** What is to be given back is neither renewed nor shared. */
function heldTokens(tokens: Tokens | null): TokenStore {
  return {
    read: async () => ({ tokens, version: 1 }),
    renew: async () => {
      throw new CrmReconnectError('The connection was ended: its tokens are not renewed', 'Connect the CRM again.')
    },
  }
}
