import { isDeepStrictEqual } from 'node:util'
import type { EnvironmentGrant } from '../../crm/crm-adapter.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmIdentity } from '../../model/record/crm-facts.ts'
import { type ConnectionRow, findConnection } from '../../store/connections/connections.ts'
import { changeLife } from '../../store/connections/lifecycle-lock.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { renewIdentity } from '../../store/lifecycle/save-connection.ts'
import { SecretUnreadableError } from '../../store/secrets/secret-box.ts'
import { credentialsOf } from '../../store/secrets/secret-places.ts'
import { CONNECTING_BUDGET } from '../call-budget.ts'
import { connectionIdOf } from '../connection-id.ts'
import type { ConnectDeps } from '../context.ts'
import { makeConnection } from '../lifecycle/make-connection.ts'
import { openCrm } from '../open-connection.ts'
import { tokensInMemory } from '../token-store.ts'

/**
 * Makes or renews the connection that the environment asks for. Setting it is the consent of whoever runs this machine,
 * so the address is not asked about, and a new connection may be written to and has its task key made. A connection that is
 * already so stays undisturbed, whatever number of processes start. One that a person ended stays ended until a person
 * connects it again (null): a process that is started anew, perhaps because it crashed, is nobody's word. Throws what the CRM
 * could not be asked for.
 */
export async function connectFromEnvironment(
  deps: ConnectDeps,
  wanted: EnvironmentGrant,
): Promise<ConnectionId | null> {
  const { crm, grant, address, webhookUrl } = wanted
  const tokens = tokensInMemory()
  const { client, setup } = openCrm(deps, {
    crm,
    connectionId: `${crm}-connecting` as ConnectionId,
    grant,
    address,
    tokens,
    budget: CONNECTING_BUDGET,
  })
  const identity: CrmIdentity = await client.identify()
  const id = connectionIdOf(crm, identity.accountId)
  const row = await findConnection(deps.db, id)
  if (row?.status === 'disconnected') return null
  // Making the key is a write, which a connection that is only read is spared.
  const taskKey = await (row === null || (await mayWrite(deps.db, id)) ? setup.createTaskKey() : setup.probeTaskKey())
  if (row && isAsWanted(deps, row, wanted)) {
    await renewIdentity(deps.db, id, identity, taskKey)
    return id
  }
  const { tokens: known } = await tokens.read()
  return inTransaction(deps.db, async (trx) => {
    await changeLife(trx, id)
    if ((await findConnection(trx, id))?.status === 'disconnected') return null
    return makeConnection(trx, deps, {
      crm,
      identity,
      grant,
      address,
      tokens: known,
      taskKey,
      webhookUrl,
      madeBy: 'environment',
      by: 'environment',
      access: null,
      shares: null,
    })
  })
}

function isAsWanted(
  { box }: ConnectDeps,
  row: ConnectionRow,
  { grant, address, webhookUrl }: EnvironmentGrant,
): boolean {
  if (row.credentials === null || row.madeBy !== 'environment') return false
  if (row.webhookUrl !== webhookUrl || !isDeepStrictEqual(row.address, address)) return false
  try {
    return isDeepStrictEqual(JSON.parse(box.open(credentialsOf(row.id), row.credentials)), grant)
  } catch (error) {
    // Given again, it is sealed again with a key that we have.
    if (error instanceof SecretUnreadableError) return false
    throw error
  }
}
