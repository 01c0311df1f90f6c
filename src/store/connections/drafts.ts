import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { StoredAddress } from '../database/tables/connections.ts'
import type { Tables } from '../database/tables.ts'

/** A connection being made, as people may see it: no secret is in it. */
export type DraftView = {
  readonly id: string
  readonly crm: Crm
  readonly grantKind: string
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

/** With everything that is sealed in it. */
export type SealedDraft = {
  readonly draft: DraftView
  readonly credentials: Buffer
  /** Null: nobody has logged in, or the kind of grant needs no login. */
  readonly tokens: Buffer | null
  /** The latest run of the checks, see `beginCheck`. */
  readonly run: number
  /** Somebody is asking the CRM for newer tokens right now: those that are here may be dead in a moment. */
  readonly isRenewing: boolean
}

/**
 * Deletes a draft and answers with all of it, as it stood when nobody could change it any more. In a transaction that
 * is rolled back it was never gone. Null: it was gone already.
 */
export async function takeDraft(db: Kysely<Tables>, draftId: string): Promise<SealedDraft | null> {
  const row = await db
    .deleteFrom('connection_draft')
    .where('id', '=', draftId)
    .returning([...VIEW, ...SEALED])
    .returning(isRenewing)
    .executeTakeFirst()
  return row ? sealedOf(row) : null
}

export async function readDraft(db: Kysely<Tables>, draftId: string): Promise<DraftView | null> {
  const row = await selectViews(db).where('id', '=', draftId).executeTakeFirst()
  return row ? viewOf(row) : null
}

/** Newest first. */
export async function listDrafts(db: Kysely<Tables>): Promise<DraftView[]> {
  return (await selectViews(db).orderBy('created_at', 'desc').orderBy('id').execute()).map(viewOf)
}

/** For whoever opens the CRM. */
export async function readSealedDraft(db: Kysely<Tables>, draftId: string): Promise<SealedDraft | null> {
  const row = await selectViews(db).select(SEALED).select(isRenewing).where('id', '=', draftId).executeTakeFirst()
  return row ? sealedOf(row) : null
}

/**
 * Begins a run of the checks, whose number is needed to save what it finds: from now on an earlier one saves nothing
 * more. Null: there is no such draft any more.
 */
export async function beginCheck(db: Kysely<Tables>, draftId: string): Promise<number | null> {
  const { rows } = await sql<{ check_run: number }>`
    update connection_draft set status = 'checking', problem = null, access = null, task_key = null,
      check_run = check_run + 1, updated_at = clock_timestamp()
    where id = ${draftId} returning check_run`.execute(db)
  return rows[0]?.check_run ?? null
}

/**
 * What a login gave, newer than whatever was there. It may be another account than before, so a run of the checks that
 * is under way saves nothing more, and what was found is void. False: there is no such draft any more.
 */
export async function saveLogin(db: Kysely<Tables>, draftId: string, sealed: Buffer): Promise<boolean> {
  const { rows } = await sql`
    update connection_draft set tokens = ${sealed}, token_version = token_version + 1, renewing_by = null,
      renewing_until = null, status = 'checking', problem = null, access = null, task_key = null,
      check_run = check_run + 1, updated_at = clock_timestamp()
    where id = ${draftId} returning 1`.execute(db)
  return rows.length > 0
}

/**
 * What is given changes, the rest stays. `run`: only while that run of the checks is the latest. False: there is no such
 * draft any more, or a later run.
 */
export async function updateDraft(
  db: Kysely<Tables>,
  draftId: string,
  change: {
    readonly status?: DraftView['status']
    readonly problem?: string | null
    readonly access?: AccessFindings | null
    readonly taskKey?: TaskKeySupport | null
  },
  run?: number,
): Promise<boolean> {
  const { status, problem, access, taskKey } = change
  const result = await db
    .updateTable('connection_draft')
    .$if(run !== undefined, (query) => query.where('check_run', '=', run!))
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

const VIEW = [
  'id',
  'crm',
  'grant_kind',
  'address',
  'webhook_url',
  'connection_id',
  'made_by',
  'status',
  'problem',
  'access',
  'task_key',
  'created_at',
] as const
const SEALED = ['credentials', 'tokens', 'check_run'] as const
const isRenewing = sql<boolean>`coalesce(renewing_until > clock_timestamp(), false)`.as('is_renewing')

function selectViews(db: Kysely<Tables>) {
  return db.selectFrom('connection_draft').select(VIEW)
}

type Selected = Awaited<ReturnType<ReturnType<typeof selectViews>['execute']>>[number]

function sealedOf(
  row: Selected & {
    readonly credentials: Buffer
    readonly tokens: Buffer | null
    readonly check_run: number
    readonly is_renewing: boolean
  },
): SealedDraft {
  const { credentials, tokens, check_run: run, is_renewing: isRenewing } = row
  return { draft: viewOf(row), credentials, tokens, run, isRenewing }
}

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
