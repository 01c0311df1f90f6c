import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { AccessFindings, TaskKeySupport } from '../model/crm-facts.ts'
import type { Crm } from '../model/record/change-event.ts'
import type { DraftGrantKind, StoredAddress, Tables } from './tables.ts'

export type { DraftGrantKind } from './tables.ts'

/** A connection being made, as people may see it: no secret is in it. */
export type DraftView = {
  readonly id: string
  readonly crm: Crm
  readonly grantKind: DraftGrantKind
  readonly address: StoredAddress
  readonly webhookUrl: string | null
  /** The connection that is connected again; null for a new one. */
  readonly connectionId: string | null
  readonly madeBy: 'console' | 'terminal'
  /** `authorizing`: somebody has to log in at the CRM. `checking`: waits for the checks, or they run. */
  readonly status: 'authorizing' | 'checking' | 'checked' | 'failed'
  /** Why it failed, with what to do; null otherwise. */
  readonly problem: string | null
  /** While the checks run, those that have answered; `identity.accountId` is then still empty. */
  readonly access: AccessFindings | null
  readonly taskKey: TaskKeySupport | null
  readonly createdAt: Date
}

export type NewDraft = Pick<DraftView, 'crm' | 'grantKind' | 'address' | 'webhookUrl' | 'connectionId' | 'madeBy'> & {
  readonly id: string
  readonly status: 'authorizing' | 'checking'
  readonly credentials: Buffer
}

/** Also part of where its secrets are sealed, so it is known before there is a row. */
export function newDraftId(): string {
  return randomUUID()
}

export async function insertDraft(db: Kysely<Tables>, draft: NewDraft): Promise<void> {
  await db
    .insertInto('connection_draft')
    .values({
      id: draft.id,
      crm: draft.crm,
      grant_kind: draft.grantKind,
      connection_id: draft.connectionId,
      credentials: draft.credentials,
      address: JSON.stringify(draft.address),
      webhook_url: draft.webhookUrl,
      made_by: draft.madeBy,
      status: draft.status,
    })
    .execute()
}

/** Secrets that nobody came back for do not lie about. Their OAuth states go with them. */
export async function removeOldDrafts(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql`
    delete from connection_draft where created_at < now() - interval '1 day' returning 1`.execute(db)
  return rows.length
}

/** False: it was gone already. */
export async function deleteDraft(db: Kysely<Tables>, draftId: string): Promise<boolean> {
  const result = await db.deleteFrom('connection_draft').where('id', '=', draftId).executeTakeFirst()
  return result.numDeletedRows > 0n
}

export async function readDraft(db: Kysely<Tables>, draftId: string): Promise<DraftView | null> {
  const row = await selectViews(db).where('id', '=', draftId).executeTakeFirst()
  return row ? viewOf(row) : null
}

/** Newest first. */
export async function listDrafts(db: Kysely<Tables>): Promise<DraftView[]> {
  return (await selectViews(db).orderBy('created_at', 'desc').orderBy('id').execute()).map(viewOf)
}

/** With what is sealed in it, for whoever opens the CRM. */
export async function readSealedDraft(
  db: Kysely<Tables>,
  draftId: string,
): Promise<(DraftView & { readonly credentials: Buffer }) | null> {
  const row = await selectViews(db).select('credentials').where('id', '=', draftId).executeTakeFirst()
  return row ? { ...viewOf(row), credentials: row.credentials } : null
}

/** What is given changes, the rest stays. False: there is no such draft any more. */
export async function updateDraft(
  db: Kysely<Tables>,
  draftId: string,
  change: {
    readonly status?: DraftView['status']
    readonly problem?: string | null
    readonly access?: AccessFindings | null
    readonly taskKey?: TaskKeySupport | null
  },
): Promise<boolean> {
  const { status, problem, access, taskKey } = change
  const result = await db
    .updateTable('connection_draft')
    .set({
      updated_at: sql`clock_timestamp()`,
      ...(status === undefined ? {} : { status }),
      ...(problem === undefined ? {} : { problem }),
      ...(access === undefined ? {} : { access: access === null ? null : JSON.stringify(access) }),
      ...(taskKey === undefined ? {} : { task_key: taskKey === null ? null : JSON.stringify(taskKey) }),
    })
    .where('id', '=', draftId)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

function selectViews(db: Kysely<Tables>) {
  return db
    .selectFrom('connection_draft')
    .select(['id', 'crm', 'grant_kind', 'address', 'webhook_url', 'connection_id', 'made_by'])
    .select(['status', 'problem', 'access', 'task_key', 'created_at'])
}

type Selected = Awaited<ReturnType<ReturnType<typeof selectViews>['execute']>>[number]

function viewOf(row: Selected): DraftView {
  return {
    id: row.id,
    crm: row.crm,
    grantKind: row.grant_kind,
    address: row.address,
    webhookUrl: row.webhook_url,
    connectionId: row.connection_id,
    madeBy: row.made_by,
    status: row.status,
    problem: row.problem,
    access: row.access,
    taskKey: row.task_key,
    createdAt: row.created_at,
  }
}
