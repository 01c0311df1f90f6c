import { type CrmClient, type CrmReconnectError, CrmRefusedError, CrmScopeMissingError } from '../../crm/crm-client.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { hiddenAmong } from '../../model/record/person-form.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { queueRedecisionEverywhere } from '../../store/decisions/redecide-queue.ts'
import { endNotice, raiseNotice } from '../../store/notices/notices.ts'
import { forgetReadingPlace } from '../../store/records/poll-cursors.ts'
import { endRefusal, saveRefusal } from '../../store/records/unreadable-objects.ts'

export type RefusedObjectDependencies = {
  readonly db: Database
  readonly client: Pick<CrmClient, 'describe'>
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly fieldsOf: (crm: Crm, objectType: string) => { readonly fields: readonly string[] }
}

const CODE = 'object-refused'

/** True: the CRM refuses this object only. The connection still works, and the same request would be refused again. */
export function isOfOneObject(error: unknown): error is CrmRefusedError | CrmReconnectError {
  return error instanceof CrmRefusedError || error instanceof CrmScopeMissingError
}

/**
 * The CRM denies us the object. Our copy of it may be outdated, so nothing is decided on it until it can be read again. Its
 * watermark stays. Cheap where the refusal is known already.
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
    // The stored place may be the reason for the refusal.
    await forgetReadingPlace(trx, id, objectType)
    if (!(await saveRefusal(trx, id, objectType, fields))) return
    await queueRedecisionEverywhere(trx)
    await raiseNotice(trx, {
      connectionId: id,
      code: CODE,
      subject: objectType,
      level: 'stop',
      message: `${crmProfile(crm).title} denies access to ${objectType}. Everything else continues. Cases that need a field of ${objectType} go to a reviewer as unclassified.`,
      remedy:
        error instanceof CrmRefusedError
          ? `In ${crmProfile(crm).title}, give the user or app that Lanekeeper connects with read access to ${objectType}. Every poll tries again.`
          : error.remedy,
    })
  })
}

/** A refused object was read to its end, without the fields in `hidden`: its other fields count again. */
export async function noteObjectReadable(
  { db, client, connection, fieldsOf }: RefusedObjectDependencies,
  objectType: string,
  hidden: ReadonlySet<string>,
): Promise<void> {
  const { id, crm } = connection
  const schema = await client.describe(objectType)
  const present = new Set(schema.fields.map(({ name }) => name))
  const { fields } = fieldsOf(crm, objectType)
  const absent = new Set(hiddenAmong(objectShape(crm, objectType), fields, present))
  const unreadable = fields.filter((field) => absent.has(field) || hidden.has(field))
  await inTransaction(db, async (trx) => {
    await assertConnected(trx, id)
    await endRefusal(trx, id, schema, unreadable)
    await queueRedecisionEverywhere(trx)
    const message = `${crmProfile(crm).title} granted access to ${objectType} again. All changes since then were read; cases that need it are decided again.`
    await endNotice(trx, { connectionId: id, code: CODE, subject: objectType, message })
  })
}
