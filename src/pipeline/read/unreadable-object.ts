import { type CrmClient, type CrmReconnectError, CrmRefusedError, CrmScopeMissingError } from '../../crm/crm-client.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { endNotice, raiseNotice } from '../../store/notices/notices.ts'
import { forgetReadingPlace } from '../../store/records/poll-cursors.ts'
import { queueRedecision } from '../../store/records/redecide-queue.ts'
import { endRefusal, saveRefusal } from '../../store/records/unreadable-objects.ts'

export type RefusedObjectDependencies = {
  readonly db: Database
  readonly client: Pick<CrmClient, 'describe'>
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly fieldsOf: (crm: Crm, objectType: string) => { readonly fields: readonly string[] }
}

const CODE = 'object-refused'

/** Of this object and no other: the grant stands. Asking for the same again gets the same answer. */
export function isOfOneObject(error: unknown): error is CrmRefusedError | CrmReconnectError {
  return error instanceof CrmRefusedError || error instanceof CrmScopeMissingError
}

/**
 * The CRM does not let us read the object: what we know of it may be old, so nothing is decided on it until it is read
 * again. Its watermark stays. Cheap where this is known already.
 */
export async function noteRefusedObject(
  { db, connection, fieldsOf }: RefusedObjectDependencies,
  objectType: string,
  error: CrmRefusedError | CrmReconnectError,
): Promise<void> {
  const { id, crm } = connection
  const fields = [...fieldsOf(crm, objectType).fields].sort()
  await inTransaction(db, async (trx) => {
    await assertConnected(trx, id)
    // It may be the place itself that is refused.
    await forgetReadingPlace(trx, id, objectType)
    if (!(await saveRefusal(trx, id, objectType, fields))) return
    await queueRedecision(trx, id)
    await raiseNotice(trx, {
      connectionId: id,
      code: CODE,
      subject: objectType,
      level: 'stop',
      message: `${crmProfile(crm).title} does not let us read ${objectType}. Everything else goes on. Nothing is decided on a field of ${objectType}: what depends on one goes to a person as unknown.`,
      remedy:
        error instanceof CrmRefusedError
          ? `Let the user or app that Lanekeeper connects with read ${objectType} in ${crmProfile(crm).title}. It is tried at every poll.`
          : error.remedy,
    })
  })
}

/** After a refused object was read to its end, with `hidden` left out: its other fields count again. */
export async function noteObjectReadable(
  { db, client, connection, fieldsOf }: RefusedObjectDependencies,
  objectType: string,
  hidden: ReadonlySet<string>,
): Promise<void> {
  const { id, crm } = connection
  const schema = await client.describe(objectType)
  const present = new Set(schema.fields.map(({ name }) => name))
  const unreadable = fieldsOf(crm, objectType).fields.filter((field) => !present.has(field) || hidden.has(field))
  await inTransaction(db, async (trx) => {
    await assertConnected(trx, id)
    await endRefusal(trx, id, schema, unreadable)
    await queueRedecision(trx, id)
    const message = `${crmProfile(crm).title} lets us read ${objectType} again, and what changed meanwhile was read. What depends on it is decided again.`
    await endNotice(trx, { connectionId: id, code: CODE, subject: objectType, message })
  })
}
