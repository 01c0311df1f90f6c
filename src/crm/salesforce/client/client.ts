import type { ConnectionId } from '../../../model/record/change-event.ts'
import {
  type CallBudget,
  type CallUsage,
  CrmBusyError,
  type CrmClient,
  CrmReconnectError,
  CrmRefusedError,
  crmTimeMs,
} from '../../crm-client.ts'
import { answerClock } from '../../crm-clock.ts'
import type { SalesforceGrant, TokenStore } from '../../grant.ts'
import { isSalesforceId } from '../http/record-id.ts'
import { readUserInfo } from '../login/oauth.ts'
import { keepSession, type SalesforceSession, type SessionKeeper } from '../login/session.ts'
import { changedSince, type Reading, readRecords } from '../read/changed-since.ts'
import { readUsers } from '../read/users.ts'
import { type SalesforceCall, salesforceCall } from '../rest/call.ts'
import type { FieldType } from '../rest/field-text.ts'
import { query, type Row, text } from '../rest/query.ts'
import { type ObjectSchemas, objectSchemas } from '../rest/schemas.ts'
import { soqlId } from '../rest/soql.ts'
import { type AssignmentVerbs, assignmentVerbs } from '../territories/assignments.ts'
import { readTerritories, type SalesforceTerritory } from '../territories/territories.ts'
import { chunkSize } from '../write/chunk-size.ts'
import { writeOwnerFields } from '../write/owners.ts'
import { type TaskVerbs, taskVerbs } from '../write/tasks.ts'

export type SalesforceClientOptions = {
  readonly connectionId: ConnectionId
  readonly grant: SalesforceGrant
  readonly tokens: TokenStore
  readonly budget: CallBudget
  /** My Domain, without a path. */
  readonly loginUrl: string
  readonly allowsHost: (url: string) => boolean
  /** '67.0' is Summer '26. */
  readonly apiVersion: string
  readonly accountId: string | undefined
  readonly pagesUrl: string | undefined
  /** Names us in `changeOrigin`, so that our own writes are recognised in the stream. */
  readonly callOptionsClient: string
  readonly nowMs: () => number
  readonly deadlineMs: number
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
  /** Which records are assigned to which territory. */
  readonly assignments: AssignmentVerbs
}

/** The oldest API version whose answers we have read. */
const API_VERSION_MIN = 60
/** What the setup side works with, besides the client. */
export type OpenedSalesforce = {
  readonly client: SalesforceClient
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly sessions: SessionKeeper
  readonly tasks: Pick<TaskVerbs, 'probeTaskKey'>
  /** What the last answer said of the org's calls of the day. */
  readonly usage: () => CallUsage | null
}

export function openSalesforceClient(options: SalesforceClientOptions): OpenedSalesforce {
  const { connectionId, nowMs, loginUrl, deadlineMs } = options
  if (!/^\d{2,3}\.0$/.test(options.apiVersion) || Number(options.apiVersion) < API_VERSION_MIN) {
    throw new RangeError(
      `Salesforce API version "${options.apiVersion}": use ${API_VERSION_MIN}.0 or later, such as 67.0`,
    )
  }
  // It stands in a header and comes back inside changeOrigin, where ';' and '/' separate.
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.callOptionsClient)) {
    throw new RangeError(`callOptionsClient "${options.callOptionsClient}": use letters, digits, "-" and "_"`)
  }
  const sessions = keepSession(options)
  let usage: CallUsage | null = null
  const budget: CallBudget = {
    take: (kind) => options.budget.take(kind),
    pauseUntil: (atMs, why) => options.budget.pauseUntil(atMs, why),
    observe: (seen) => {
      usage = seen
      return options.budget.observe(seen)
    },
  }
  const clock = answerClock(nowMs)
  const call = salesforceCall({ ...options, budget, sessions, clock })
  const schemas = objectSchemas(call, nowMs)
  const size = chunkSize(nowMs)
  const tasks = taskVerbs(call, schemas, nowMs, size)
  let actor: { readonly userId: string; readonly name: string } | null = null

  async function reading(): Promise<Reading> {
    const { userId } = await sessions.current()
    return { call, schemas, context: { connectionId, ourUserId: userId }, nowMs }
  }

  const page = (path: string) =>
    `${sessions.known()?.instanceUrl ?? options.pagesUrl ?? loginUrl}/lightning/r/${path}/view`

  const client: SalesforceClient = {
    crm: 'salesforce',
    connectionId,
    callOptionsClient: options.callOptionsClient,

    async identify() {
      const organization = await readOrganization()
      // After the first request, so that a session that had to be renewed is the one described.
      const session = await sessions.current()
      return {
        accountId: session.orgId,
        title: text(organization?.Name) ?? new URL(session.instanceUrl).host,
        timeZone: text(organization?.TimeZoneSidKey),
        actorId: session.userId,
        actorName: await actorName(session),
        edition: editionOf(organization),
        pagesUrl: session.instanceUrl,
      }
    },
    users: () => readUsers(call, connectionId),
    describe: async (objectType) => {
      const { fields } = await schemas.describe(objectType)
      return {
        objectType,
        fields: fields.map(({ name, label, type, options, writable }) => ({ name, label, type, options, writable })),
      }
    },
    changedSince: async (wanted) => changedSince(await reading(), wanted),
    readRecords: async (wanted) => readRecords(await reading(), wanted),
    writeTasks: tasks.writeTasks,
    findTasks: tasks.findTasks,
    writeOwners: (writes) => writeOwnerFields(call, writes, nowMs, size),
    clockAheadMs: clock.aheadMs,
    recordUrl: (objectType, recordId) =>
      page(`${encodeURIComponent(objectType)}/${isSalesforceId(recordId) ? recordId : encodeURIComponent(recordId)}`),
    taskUrl: (taskId) => page(`Task/${encodeURIComponent(taskId)}`),

    session: () => sessions.current(),
    renewSession: (refused) => sessions.renew(refused),
    fieldTypes: (objectType) => schemas.fieldTypes(objectType),
    territories: () => readTerritories(call),
    assignments: assignmentVerbs(call, () => crmTimeMs({ clockAheadMs: clock.aheadMs }, nowMs())),
  }

  return { client, call, schemas, sessions, tasks, usage: () => usage }

  async function readOrganization(): Promise<Row | null> {
    try {
      const soql = 'SELECT Id, Name, TimeZoneSidKey, OrganizationType, IsSandbox FROM Organization LIMIT 1'
      return (await query(call, soql)).rows[0] ?? null
    } catch (error) {
      // Minimal profiles may not read Organization. Refused is still an answer: the connection is alive.
      if (error instanceof CrmRefusedError) return null
      throw error
    }
  }

  /** The user by whom our writes appear, as people know them: `integration@acme.example`. Asked once. */
  async function actorName(session: SalesforceSession): Promise<string | null> {
    if (actor?.userId === session.userId) return actor.name
    await options.budget.take('read')
    const info = await readUserInfo(session, deadlineMs)
    const name = info?.username ?? (await readUsername(session.userId)) ?? info?.email ?? null
    if (name !== null) actor = { userId: session.userId, name }
    return name
  }

  /** For apps without a scope that lets them ask who they are. */
  async function readUsername(userId: string): Promise<string | null> {
    try {
      return text((await query(call, `SELECT Id, Username FROM User WHERE Id = ${soqlId(userId)}`)).rows[0]?.Username)
    } catch (error) {
      if (error instanceof CrmBusyError || error instanceof CrmReconnectError) throw error
      return null // a name is not worth failing for
    }
  }
}

/** In the CRM's words: "Enterprise Edition", and whether it is a sandbox, which runs as the edition of its production org. */
function editionOf(organization: Row | null): string | null {
  const edition = text(organization?.OrganizationType)
  return edition !== null && organization?.IsSandbox === true ? `${edition}, sandbox` : edition
}
