import type { ConnectionId } from '../../../model/record/change-event.ts'
import { type CallBudget, type CallUsage, type CrmClient, crmTimeMs, type FieldSchema } from '../../crm-client.ts'
import { answerClock } from '../../crm-clock.ts'
import type { AssignmentVerbs, CrmTerritory } from '../../crm-territories.ts'
import type { SalesforceGrant, TokenStore } from '../../grant.ts'
import { isSalesforceId } from '../http/record-id.ts'
import { keepSession, type SessionKeeper } from '../login/session.ts'
import { SALESFORCE } from '../profile.ts'
import { changedSince, type Reading, readRecords } from '../read/changed-since.ts'
import { readCorporateCurrency } from '../read/corporate-currency.ts'
import { deletedRecords } from '../read/deleted-records.ts'
import { readUsers } from '../read/users.ts'
import { readUsersById } from '../read/users-by-id.ts'
import { type SalesforceCall, salesforceCall } from '../rest/call.ts'
import { type ObjectSchemas, objectSchemas } from '../rest/schemas.ts'
import type { StreamClient } from '../stream/stream-client.ts'
import { assignmentVerbs } from '../territories/assignments.ts'
import { readTerritories } from '../territories/territories.ts'
import { chunkSize } from '../write/chunk-size.ts'
import { writeOwnerFields } from '../write/owners.ts'
import { type TaskVerbs, taskVerbs } from '../write/tasks.ts'
import { identityReader } from './identity.ts'

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
  /** Names us in `changeOrigin`, so the stream recognizes our own writes. */
  readonly callOptionsClient: string
  readonly nowMs: () => number
  readonly deadlineMs: number
}

/** Salesforce beyond the verbs of every CRM: what the stream needs, and territories. */
export type SalesforceClient = CrmClient &
  StreamClient & {
    readonly crm: 'salesforce'
    territories(): Promise<CrmTerritory[] | null>
    /** Which records are assigned to which territory. */
    readonly assignments: AssignmentVerbs
  }

/** The oldest API version whose answers we have read. */
const API_VERSION_MIN = 60

/** The client, and what connecting and the access check work with. */
export type OpenedSalesforce = {
  readonly client: SalesforceClient
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly sessions: SessionKeeper
  readonly tasks: Pick<TaskVerbs, 'probeTaskKey'>
  /** The org's calls of the day, by the last answer. */
  readonly usage: () => CallUsage | null
}

export function openSalesforceClient(options: SalesforceClientOptions): OpenedSalesforce {
  refuseMisreadable(options)
  const { connectionId, nowMs, loginUrl } = options
  const sessions = keepSession(options)
  const { budget, usage } = withUsage(options.budget)
  const clock = answerClock(nowMs)
  const call = salesforceCall({ ...options, budget, sessions, clock })
  const schemas = objectSchemas(call, nowMs)
  const size = chunkSize(nowMs)
  const crmNowMs = () => crmTimeMs({ clockAheadMs: clock.aheadMs }, nowMs())
  const deleted = deletedRecords(call, crmNowMs)
  const tasks = taskVerbs(call, schemas, nowMs, size, { crmNowMs, deleted })

  async function reading(): Promise<Reading> {
    const { userId } = await sessions.current()
    return { call, schemas, context: { connectionId, ourUserId: userId }, deleted, nowMs }
  }

  const page = (path: string) =>
    `${sessions.known()?.instanceUrl ?? options.pagesUrl ?? loginUrl}/lightning/r/${path}/view`

  const client: SalesforceClient = {
    crm: 'salesforce',
    connectionId,
    callOptionsClient: options.callOptionsClient,

    identify: identityReader({ ...options, call, sessions }),
    users: () => readUsers(call, connectionId),
    usersById: (userIds) => readUsersById(call, connectionId, userIds),
    describe: async (objectType) => {
      const { fields } = await schemas.describe(objectType)
      const { dealObject } = SALESFORCE
      const { currency } = SALESFORCE.objects[dealObject]!
      const hasSeveral = objectType === dealObject && fields.some(({ name }) => name === currency)
      const homeCurrency = hasSeveral ? await readCorporateCurrency(call) : null
      return {
        objectType,
        fields: fields.map(asDescribed),
        ...(homeCurrency !== null && { homeCurrency }),
      }
    },
    changedSince: async (wanted) => changedSince(await reading(), wanted),
    readRecords: async (wanted) => readRecords(await reading(), wanted),
    writeTasks: tasks.writeTasks,
    findTasks: tasks.findTasks,
    writeOwners: (writes, gate) => writeOwnerFields(call, writes, nowMs, size, gate),
    clockAheadMs: clock.aheadMs,
    recordUrl: (objectType, recordId) =>
      page(`${encodeURIComponent(objectType)}/${isSalesforceId(recordId) ? recordId : encodeURIComponent(recordId)}`),
    taskUrl: (taskId) => page(`Task/${encodeURIComponent(taskId)}`),

    session: () => sessions.current(),
    renewSession: (refused) => sessions.renew(refused),
    fieldTypes: (objectType) => schemas.fieldTypes(objectType),
    territories: () => readTerritories(call),
    assignments: assignmentVerbs(call, crmNowMs),
  }

  return { client, call, schemas, sessions, tasks, usage }
}

function refuseMisreadable({ apiVersion, callOptionsClient }: SalesforceClientOptions): void {
  if (!/^\d{2,3}\.0$/.test(apiVersion) || Number(apiVersion) < API_VERSION_MIN) {
    throw new RangeError(`Salesforce API version "${apiVersion}": use ${API_VERSION_MIN}.0 or later, such as 67.0`)
  }
  // It is sent in a header and comes back inside changeOrigin, where ';' and '/' separate.
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(callOptionsClient)) {
    throw new RangeError(`callOptionsClient "${callOptionsClient}": use letters, digits, "-" and "_"`)
  }
}

/** The shared budget, and the last usage that Salesforce told it. */
function withUsage(budget: CallBudget): Pick<OpenedSalesforce, 'usage'> & { readonly budget: CallBudget } {
  let usage: CallUsage | null = null
  return {
    usage: () => usage,
    budget: {
      take: (kind) => budget.take(kind),
      pauseUntil: (atMs, why) => budget.pauseUntil(atMs, why),
      observe: (seen) => {
        usage = seen
        return budget.observe(seen)
      },
    },
  }
}

/** What is kept of a field; the rest is for writing tasks. */
function asDescribed({ name, label, type, options, writable, isAmount, isRequired }: FieldSchema): FieldSchema {
  return { name, label, type, options, writable, ...(isAmount && { isAmount }), ...(isRequired && { isRequired }) }
}
