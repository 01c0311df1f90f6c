import type { ConnectionId } from '../../model/record/change-event.ts'
import { type CallBudget, type CrmClient, CrmRefusedError } from '../crm.ts'
import { changedSince, type Reading, readRecords } from './changed-since.ts'
import type { FieldType } from './field-text.ts'
import { objectSchemas } from './object-schemas.ts'
import { salesforceCall } from './salesforce-call.ts'
import { isSalesforceId } from './salesforce-id.ts'
import { writeOwnerFields } from './salesforce-owners.ts'
import { query, text } from './salesforce-query.ts'
import { keepSession, type SalesforceSession, type SessionOptions } from './salesforce-session.ts'
import { taskVerbs } from './salesforce-tasks.ts'
import { readTerritories, type SalesforceTerritory } from './salesforce-territories.ts'
import { readUsers } from './salesforce-users.ts'

export type SalesforceOptions = {
  readonly connectionId: ConnectionId
  /** My Domain. The generic hosts no longer serve External Client Apps. */
  readonly loginUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** '67.0' is Summer '26. */
  readonly apiVersion: string
  readonly budget: CallBudget
  /** Names us in `changeOrigin`, so that our own writes are recognised in the stream. */
  readonly callOptionsClient: string
  readonly nowMs: () => number
  readonly deadlineMs?: number
  readonly session?: SessionOptions['session']
}

export type SalesforceClient = CrmClient & {
  readonly crm: 'salesforce'
  readonly callOptionsClient: string
  session(): Promise<SalesforceSession>
  /** After the stream was told that a session is no longer good. */
  renewSession(refused: SalesforceSession): Promise<SalesforceSession>
  /** The types by which values are spelled; the stream needs them to tell days from instants. */
  fieldTypes(objectType: string): Promise<ReadonlyMap<string, FieldType>>
  territories(): Promise<SalesforceTerritory[] | null>
}

/** The oldest API version whose answers we have read. */
const API_VERSION_MIN = 60
/** Salesforce itself gives up after 10 minutes; a batch of 200 with triggers takes seconds. */
const DEADLINE_MS = 60_000

export function createSalesforceClient(options: SalesforceOptions): SalesforceClient {
  const { connectionId, nowMs } = options
  if (!/^\d{2,3}\.0$/.test(options.apiVersion) || Number(options.apiVersion) < API_VERSION_MIN) {
    throw new RangeError(
      `Salesforce API version "${options.apiVersion}": use ${API_VERSION_MIN}.0 or later, such as 67.0`,
    )
  }
  // It stands in a header and comes back inside changeOrigin, where ';' and '/' separate.
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.callOptionsClient)) {
    throw new RangeError(`callOptionsClient "${options.callOptionsClient}": use letters, digits, "-" and "_"`)
  }
  const loginUrl = options.loginUrl.replace(/\/+$/, '')
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS
  const sessions = keepSession({ ...options, loginUrl, deadlineMs })
  const call = salesforceCall({ ...options, sessions, deadlineMs })
  const schemas = objectSchemas(call, nowMs)
  const tasks = taskVerbs(call, schemas, nowMs)

  async function reading(): Promise<Reading> {
    const { userId } = await sessions.current()
    return { call, schemas, context: { connectionId, ourUserId: userId, readAtMs: nowMs() } }
  }

  const page = (path: string) => `${sessions.known()?.instanceUrl ?? loginUrl}/lightning/r/${path}/view`

  return {
    crm: 'salesforce',
    connectionId,
    callOptionsClient: options.callOptionsClient,

    async identify() {
      const session = await sessions.current()
      const { title, timeZone } = await readOrganization()
      return {
        accountId: session.orgId,
        title: title ?? new URL(session.instanceUrl).host,
        timeZone,
        actorId: session.userId,
        actorName: null,
        edition: null,
        pagesUrl: session.instanceUrl,
      }
    },
    users: () => readUsers(call, connectionId),
    describe: async (objectType) => {
      const { fields } = await schemas.describe(objectType)
      return {
        objectType,
        fields: fields.map(({ externalId: _, unique: __, ...field }) => field),
      }
    },
    changedSince: async (wanted) => changedSince(await reading(), wanted),
    readRecords: async (wanted) => readRecords(await reading(), wanted),
    ...tasks,
    writeOwners: (writes) => writeOwnerFields(call, writes, nowMs),
    recordUrl: (objectType, recordId) =>
      page(`${encodeURIComponent(objectType)}/${isSalesforceId(recordId) ? recordId : encodeURIComponent(recordId)}`),
    taskUrl: (taskId) => page(`Task/${encodeURIComponent(taskId)}`),

    session: () => sessions.current(),
    renewSession: (refused) => sessions.renew(refused),
    fieldTypes: (objectType) => schemas.fieldTypes(objectType),
    territories: () => readTerritories(call),
  }

  async function readOrganization(): Promise<{ title: string | null; timeZone: string | null }> {
    try {
      const { rows } = await query(call, 'SELECT Id, Name, TimeZoneSidKey FROM Organization LIMIT 1')
      return { title: text(rows[0]?.Name), timeZone: text(rows[0]?.TimeZoneSidKey) }
    } catch (error) {
      // Minimal profiles may not read Organization. Refused is still an answer: the connection is alive.
      if (error instanceof CrmRefusedError) return { title: null, timeZone: null }
      throw error
    }
  }
}
