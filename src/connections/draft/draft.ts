import type { OpenedCrm } from '../../crm/crm-adapter.ts'
import type { CrmAddress, EntryProblem, Grant, TokenStore, Tokens } from '../../crm/grant.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { TaskKeySupport } from '../../model/record/crm-facts.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { findConnection } from '../../store/connections/connections.ts'
import {
  type DraftView,
  insertDraft,
  listDrafts as listStored,
  newDraftId,
  readSealedDraft,
  readDraft as readStored,
  removeOldDrafts,
  type SealedDraft,
  takeDraft,
  updateDraft,
} from '../../store/connections/drafts.ts'
import { readSealedTokens } from '../../store/connections/tokens.ts'
import type { Database } from '../../store/database/database.ts'
import { SecretUnreadableError } from '../../store/secrets/secret-box.ts'
import { draftCredentialsOf, draftTokensOf } from '../../store/secrets/secret-places.ts'
import { CONNECTING_BUDGET } from '../call-budget.ts'
import type { ConnectDeps } from '../context.ts'
import { AddressRefusedError, DraftNotReadyError, GrantInvalidError, NotThereError } from '../errors.ts'
import { hostRuleOf, openCrm } from '../open-connection.ts'
import { withoutSecrets } from '../redact.ts'
import { errorWithoutSecrets } from '../redact-error.ts'
import { sharedTokens, tokensInMemory } from '../token-store.ts'

export type DraftRequest = {
  readonly crm: Crm
  readonly grant: Grant
  readonly address: CrmAddress
  /** Where the CRM was told to call; null when it cannot reach us. */
  readonly webhookUrl: string | null
  readonly madeBy: 'console' | 'terminal'
  /** The connection that is to be connected again; null for a new one. */
  readonly connectionId: string | null
}

/**
 * Keeps what an admin entered, sealed, until it is started or a day has passed. Nothing is asked of the CRM yet. Throws
 * `AddressRefusedError` or `GrantInvalidError` with a sentence per field, `NotThereError` for an unknown connection.
 */
export async function createDraft(deps: ConnectDeps, request: DraftRequest): Promise<{ draftId: string }> {
  const { crm, grant, address, webhookUrl, connectionId } = request
  const { addressProblems, grants, webhook } = adapterOf(crm)
  const refused = addressProblems(address, hostRuleOf(deps))
  if (refused.length > 0) throw new AddressRefusedError(refused)
  const problems = grants.kinds.includes(grant.kind) ? grants.problems(grant, address) : [foreignGrant(crm, grant)]
  if (problems.length > 0) throw new GrantInvalidError(problems)
  if (connectionId !== null) {
    const connection = await findConnection(deps.db, connectionId)
    if (connection?.crm !== crm)
      throw new NotThereError(`There is no ${crmProfile(crm).title} connection "${connectionId}"`)
  }
  await removeOldDrafts(deps.db)
  const id = newDraftId()
  await insertDraft(deps.db, {
    id,
    crm,
    grantKind: grant.kind,
    connectionId,
    address,
    webhookUrl: webhook === null ? null : webhookUrl,
    madeBy: request.madeBy,
    status: needsLogin(crm, grant) ? 'authorizing' : 'checking',
    credentials: deps.box.seal(draftCredentialsOf(id), JSON.stringify(grant)),
  })
  return { draftId: id }
}

function foreignGrant(crm: Crm, { kind }: Grant): EntryProblem {
  return { field: 'kind', message: `A grant of the kind "${kind}" does not belong to ${crm}.` }
}

/** Whether the tokens come from a person logging in at the CRM. */
export function needsLogin(crm: Crm, { kind }: Pick<Grant, 'kind'>): boolean {
  return adapterOf(crm).grants.kindsWithLogin.includes(kind)
}

/** Without any secret. Null: there is no such draft, or not any more. */
export function readDraft(db: Database, draftId: string): Promise<DraftView | null> {
  return readStored(db, draftId)
}

/** Newest first, without any secret. Those of more than a day ago are removed. */
export async function listDrafts(db: Database): Promise<DraftView[]> {
  await removeOldDrafts(db)
  return listStored(db)
}

/**
 * Forgets what was entered, and then gives the tokens of a login back to the CRM, as far as it takes them. In this
 * order: whoever starts the draft at the same moment either has the tokens or finds nothing.
 */
export async function discardDraft(deps: ConnectDeps, draftId: string): Promise<void> {
  const taken = await takeDraft(deps.db, draftId)
  if (taken === null || taken.tokens === null) return
  try {
    const tokens = JSON.parse(deps.box.open(draftTokensOf(draftId), taken.tokens)) as Tokens
    await giveLoginBack(deps, taken.draft, grantOfDraft(deps, taken), tokens)
  } catch (error) {
    // Without their key nobody can give them back; they are forgotten all the same.
    if (!(error instanceof SecretUnreadableError)) throw error
  }
}

/** Ends a login that no draft keeps any more, as far as the CRM takes it. */
export async function giveLoginBack(deps: ConnectDeps, draft: DraftView, grant: Grant, tokens: Tokens): Promise<void> {
  if (!needsLogin(draft.crm, grant)) return
  try {
    await openedFor(deps, draft, grant, tokensInMemory(tokens)).setup.revoke()
  } catch {
    // Nothing of it is kept here; that it lives on there is the CRM's to show and to end.
  }
}

/** Makes the key by which the CRM itself refuses a second task; the admin has asked for it. */
export async function createDraftTaskKey(deps: ConnectDeps, draftId: string): Promise<TaskKeySupport> {
  const { draft, grant, run, setup } = await openDraft(deps, draftId)
  if (draft.status !== 'checked')
    throw new DraftNotReadyError('Let the checks run first: they show whether a key can be made.')
  const secrets = async () => [grant, await draftTokens(deps, draftId)]
  try {
    const made = await setup.createTaskKey()
    const taskKey = JSON.parse(withoutSecrets(JSON.stringify(made), await secrets())) as TaskKeySupport
    // After another login it is the key of another account.
    await updateDraft(deps.db, draftId, { taskKey }, run)
    return taskKey
  } catch (error) {
    throw errorWithoutSecrets(error, await secrets())
  }
}

export type OpenDraft = OpenedCrm & { readonly draft: DraftView; readonly grant: Grant; readonly run: number }

/** The adapter for a draft: with its own tokens, and not counted against a connection's allowance. */
export async function openDraft(deps: ConnectDeps, draftId: string): Promise<OpenDraft> {
  const { draft, grant, run } = await unsealDraft(deps, draftId)
  return { draft, grant, run, ...openedFor(deps, draft, grant, sharedTokens(deps, { of: 'draft', id: draftId })) }
}

function openedFor(deps: ConnectDeps, draft: DraftView, grant: Grant, tokens: TokenStore): OpenedCrm {
  return openCrm(deps, {
    crm: draft.crm,
    connectionId: `${draft.crm}-connecting` as ConnectionId,
    grant,
    address: draft.address,
    tokens,
    budget: CONNECTING_BUDGET,
  })
}

/** Throws `NotThereError`, or `SecretUnreadableError` when its key is gone. */
export async function unsealDraft(
  deps: Pick<ConnectDeps, 'db' | 'box'>,
  draftId: string,
): Promise<{ readonly draft: DraftView; readonly grant: Grant; readonly run: number }> {
  const sealed = await readSealedDraft(deps.db, draftId)
  if (!sealed) throw noSuchDraft()
  return { draft: sealed.draft, grant: grantOfDraft(deps, sealed), run: sealed.run }
}

/** Null: there are none. To be read after calls whose words are to be cleaned: a renewal may have happened in them. */
export async function draftTokens({ db, box }: Pick<ConnectDeps, 'db' | 'box'>, draftId: string): Promise<unknown> {
  const row = await readSealedTokens(db, { of: 'draft', id: draftId })
  return row?.sealed ? JSON.parse(box.open(draftTokensOf(draftId), row.sealed)) : null
}

/** Throws `SecretUnreadableError` when its key is gone. */
export function grantOfDraft(
  { box }: Pick<ConnectDeps, 'box'>,
  { draft, credentials }: Pick<SealedDraft, 'draft' | 'credentials'>,
): Grant {
  return JSON.parse(box.open(draftCredentialsOf(draft.id), credentials)) as Grant
}

export function noSuchDraft(): NotThereError {
  return new NotThereError(
    'There is no such unfinished connection: it was started, discarded, or is more than a day old.',
  )
}
