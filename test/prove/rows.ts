import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import { saveBaseline } from '../../src/store/connections/baseline.ts'
import { setWriting } from '../../src/store/connections/write-permission.ts'
import type { Database } from '../../src/store/database/database.ts'
import { saveConnection } from '../../src/store/lifecycle/save-connection.ts'
import { contactPolicy } from '../pipeline/harness.ts'
import type { CrmOfProof } from './crms.ts'
import { connectionIdOf } from './open-client.ts'

export const WORKFLOW = 'proof'
const HASH = 'proof'

/** A connection whose one workflow is live, and whose calls are not limited. Returns ids of three active people. */
export async function connect(db: Database, of: CrmOfProof, client: CrmClient): Promise<string[]> {
  const { crm, keyed } = of.address
  const id = connectionIdOf(crm, keyed)
  await saveConnection(db, {
    id,
    crm,
    baseUrl: of.address.url,
    identity: {
      accountId: id,
      title: id,
      timeZone: 'UTC',
      actorId: null,
      actorName: null,
      edition: null,
      pagesUrl: null,
    },
    credentials: Buffer.from('none'),
    taskKey: { enforced: keyed, field: null, why: '' },
    callLimit: crmProfile(crm).callLimits,
  })
  await setWriting(db, id, { allowed: true, by: 'proof' })
  await saveBaseline(db, id, { done: true, objects: {} })
  await sql`update call_budget set window_limit = 1000000, day_ends_at = now() + interval '1 day'`.execute(db)
  await sql`insert into policy_version (hash, workflow, document, source) values (${HASH}, ${WORKFLOW}, ${JSON.stringify(contactPolicy({ workflow: WORKFLOW }))}::jsonb, '')
    on conflict do nothing`.execute(db)
  await sql`insert into workflow (workflow, title, hash, mode, effective_mode)
    values (${WORKFLOW}, 'Proof', ${HASH}, 'live', 'live') on conflict do nothing`.execute(db)
  await syncPeople(db, client, id)
  const { rows } = await sql<{ user_id: string }>`
    select user_id from crm_user where connection_id = ${id} and active and kind = 'person' and email is not null
    order by user_id limit 3`.execute(db)
  return rows.map((row) => row.user_id)
}

/** The record as we know it, and one write that waits for it: a task, or `to` as its owner. Returns the intent's id. */
export async function decideWrite(
  db: Database,
  of: CrmOfProof,
  client: CrmClient,
  write: { readonly isOwner: boolean; readonly recordId: string; readonly from: string; readonly to: string },
): Promise<number> {
  const { crm, keyed } = of.address
  const id = connectionIdOf(crm, keyed)
  const fields = { fields: [of.ownerField], historyFields: [] }
  await receiveEvents(
    db,
    (await client.readRecords({ objectType: of.object, ids: [write.recordId], ...fields })).events,
  )
  while ((await applyBatch(db, { id, crm })).taken > 0);
  await sql`update record set dirty_since = null, needs_read = null where record_id = ${write.recordId}`.execute(db)
  const intent = write.isOwner ? insertOwner(db, id, of, write) : insertTask(db, id, of, write)
  return (await intent.execute(db)).rows[0]!.id
}

type Write = { readonly recordId: string; readonly from: string; readonly to: string }

function insertTask(_db: Database, id: ConnectionId, of: CrmOfProof, { recordId, to }: Write) {
  const email = sql`(select email from crm_user where connection_id = ${id} and user_id = ${to})`
  return sql<{ id: number }>`
    with t as (
      insert into task (connection_id, workflow, cause, key, owner_email, object_type, record_id, due_at)
      values (${id}, ${WORKFLOW}, ${recordId}, 'lk-' || replace(gen_random_uuid()::text, '-', ''), ${email},
        ${of.object}, ${recordId}, now()) returning id
    ), e as (
      insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, task_id, policy_hash, due_at)
      select ${id}, ${WORKFLOW}, 'no-rule', ${recordId}, ${of.object}, ${recordId}, 'Proof', 'risky', '', 'hold',
        ${email}, 'what', 'would', 'do', ${recordId}, '{}', t.id, ${HASH}, now() from t
    )
    insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
    select ${id}, ${WORKFLOW}, 'task', t.id, '{}', ${HASH} from t returning id`
}

function insertOwner(_db: Database, id: ConnectionId, of: CrmOfProof, { recordId, from, to }: Write) {
  const payload = { field: of.ownerField, from, to, toEmail: '', rule: 'r', branch: 'b', settles: [] }
  return sql<{ id: number }>`
    insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, created_at)
    values (${id}, ${WORKFLOW}, 'owner', ${of.object}, ${recordId}, ${JSON.stringify(payload)}::jsonb, ${HASH},
      clock_timestamp()) returning id`
}
