import type { AccessCheck, CrmIdentity } from '../../../model/record/crm-facts.ts'
import { type CallUsage, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { SessionKeeper } from '../login/session.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { query } from '../rest/query.ts'
import type { ObjectSchemas } from '../rest/schemas.ts'
import { soqlName } from '../rest/soql.ts'
import type { TaskKeyProbe } from '../write/task-key.ts'

/** What the checks work with. */
export type AccessContext = {
  readonly identify: () => Promise<CrmIdentity>
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly sessions: SessionKeeper
  readonly probeTaskKey: () => Promise<TaskKeyProbe>
  /** The org's calls of the day, by the last answer. */
  readonly usage: () => CallUsage | null
  /** Null: no Pub/Sub API is set. */
  readonly pubsubAddress: string | null
}

export type Question = Pick<AccessCheck, 'id' | 'title' | 'need' | 'costs'> & {
  /** Where an admin grants it; shown when it is missing, unless the answer has better advice. */
  readonly grant: string
}

/** One line of the table of checks: the question, and the calls that answer it. What `run` throws is the answer. */
export type Probe = Question & { readonly run: (context: AccessContext) => Promise<void> }

/** Asks one thing and notes the answer. Throws only where the CRM cannot be asked at all. */
export type Ask = (question: Question, run: () => Promise<void>) => Promise<AccessCheck['state']>

/** An answer that the check worked out itself: `missing` is a plain "no", `unknown` means no usable answer. */
export class AccessAnswer extends Error {
  override readonly name = 'AccessAnswer'
  readonly state: 'missing' | 'unknown'
  readonly grant: string | null
  constructor(
    said: string,
    { state = 'missing', grant = null }: { state?: 'missing' | 'unknown'; grant?: string | null } = {},
  ) {
    super(said)
    this.state = state
    this.grant = grant
  }
}

export const PERMISSION_SETS = 'Salesforce Setup > Permission Sets, in one assigned to our user'
export const VIEW_SETUP = `${PERMISSION_SETS}: System Permissions > View Setup and Configuration.`

export async function answerOf({ grant, ...question }: Question, run: () => Promise<void>): Promise<AccessCheck> {
  try {
    await run()
    return { ...question, state: 'works', grant: null, said: null }
  } catch (error) {
    if (error instanceof AccessAnswer) {
      return { ...question, state: error.state, grant: error.grant ?? grant, said: error.message }
    }
    if (error instanceof CrmRefusedError) {
      return { ...question, state: 'missing', grant, said: `${error.message} (${error.code})` }
    }
    if (error instanceof CrmUnknownError) {
      return { ...question, state: 'unknown', grant: 'Check again in a minute.', said: error.message }
    }
    throw error
  }
}

/** Reads one record of an object, which Salesforce refuses without Read. */
export async function readOne(call: SalesforceCall, objectType: string): Promise<void> {
  await query(call, `SELECT Id FROM ${soqlName(objectType)} LIMIT 1`)
}
