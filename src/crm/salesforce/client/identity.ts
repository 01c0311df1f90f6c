import type { CrmIdentity } from '../../../model/record/crm-facts.ts'
import { type CallBudget, CrmBusyError, CrmReconnectError, CrmRefusedError } from '../../crm-client.ts'
import { budgetGate } from '../../http-exchange.ts'
import type { SalesforceSession, SessionKeeper } from '../login/session.ts'
import { readUserInfo } from '../login/user-info.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { query, type Row, text } from '../rest/query.ts'
import { soqlId } from '../rest/soql.ts'

type IdentityOptions = {
  readonly call: SalesforceCall
  readonly sessions: SessionKeeper
  readonly budget: CallBudget
  readonly deadlineMs: number
}

/** Reads which org and user the session belongs to. The user's name is asked for once. */
export function identityReader(options: IdentityOptions): () => Promise<CrmIdentity> {
  let actor: { readonly userId: string; readonly name: string } | null = null

  return async () => {
    const organization = await readOrganization(options.call)
    // After the first request: it may have renewed the session, and the renewed one is described.
    const session = await options.sessions.current()
    if (actor?.userId !== session.userId) {
      const name = await readActorName(options, session)
      actor = name === null ? null : { userId: session.userId, name }
    }
    return {
      accountId: session.orgId,
      title: text(organization?.Name) ?? new URL(session.instanceUrl).host,
      timeZone: text(organization?.TimeZoneSidKey),
      actorId: session.userId,
      actorName: actor?.name ?? null,
      edition: editionOf(organization),
      pagesUrl: session.instanceUrl,
    }
  }
}

async function readOrganization(call: SalesforceCall): Promise<Row | null> {
  try {
    const soql = 'SELECT Id, Name, TimeZoneSidKey, OrganizationType, IsSandbox FROM Organization LIMIT 1'
    return (await query(call, soql)).rows[0] ?? null
  } catch (error) {
    // Minimal profiles may not read Organization. Refused is still an answer: the connection is alive.
    if (error instanceof CrmRefusedError) return null
    throw error
  }
}

/** The user that Salesforce shows for our writes, by the name that people know: `integration@acme.example`. */
async function readActorName(
  { call, budget, deadlineMs }: IdentityOptions,
  session: SalesforceSession,
): Promise<string | null> {
  const info = await readUserInfo(session, { deadlineMs, beforeBytes: budgetGate(budget, 'read') })
  return info?.username ?? (await readUsername(call, session.userId)) ?? info?.email ?? null
}

/** For apps without the scope that userinfo needs. */
async function readUsername(call: SalesforceCall, userId: string): Promise<string | null> {
  try {
    return text((await query(call, `SELECT Id, Username FROM User WHERE Id = ${soqlId(userId)}`)).rows[0]?.Username)
  } catch (error) {
    if (error instanceof CrmBusyError || error instanceof CrmReconnectError) throw error
    return null // a missing name is no reason to fail
  }
}

/** In Salesforce's words, "Enterprise Edition", and whether it is a sandbox, which has the edition of its production org. */
function editionOf(organization: Row | null): string | null {
  const edition = text(organization?.OrganizationType)
  return edition !== null && organization?.IsSandbox === true ? `${edition}, sandbox` : edition
}
