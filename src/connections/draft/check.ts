import { CrmRefusedError, CrmUnknownError } from '../../crm/crm-client.ts'
import type { CrmSetup } from '../../crm/crm-setup.ts'
import type { AccessCheck, AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { findConnection } from '../../store/connections/connections.ts'
import { beginCheck, updateDraft } from '../../store/connections/drafts.ts'
import type { Database } from '../../store/database/database.ts'
import { SecretUnreadableError } from '../../store/secrets/secret-box.ts'
import type { ConnectDeps } from '../context.ts'
import { DraftNotReadyError } from '../errors.ts'
import { remedyFor } from '../open-connection.ts'
import { problemOf } from '../problem-text.ts'
import { withoutSecrets } from '../redact.ts'
import { draftTokens, noSuchDraft, openDraft } from './draft.ts'

/** People watch the list grow; more often than this nobody sees it. */
const SAVE_EVERY_MS = 300

/**
 * Tries everything that we need by real calls and keeps each answer as it comes. Nothing is written to the CRM and
 * nothing is read into our tables. Of two runs only the later one counts. A CRM that refuses us altogether is the draft's problem, in a sentence; what is thrown
 * is `DraftNotReadyError` and `NotThereError`, and what is our own fault.
 */
export async function checkDraft(deps: ConnectDeps, draftId: string): Promise<void> {
  const { db } = deps
  const { draft, grant, setup } = await openDraft(deps, draftId).catch((error) => failUnreadable(db, draftId, error))
  if (draft.status === 'authorizing')
    throw new DraftNotReadyError('Log in at the CRM first; the checks need its tokens.')
  const run = await beginCheck(db, draftId)
  if (run === null) throw noSuchDraft()
  // After a login, or when the checks were begun again, nothing of this run is saved: it may tell of another account.
  const save = (change: Parameters<typeof updateDraft>[2]) => updateDraft(db, draftId, change, run)
  const progress = savedProgress(save)
  const clean = async <T>(findings: T): Promise<T> =>
    JSON.parse(withoutSecrets(JSON.stringify(findings), [grant, await draftTokens(deps, draftId)])) as T
  try {
    const access = await clean(await setup.checkAccess(deps.needsOf(draft.crm), progress.onCheck))
    const taskKey = await clean(await probe(setup))
    await progress.settled()
    const other = await otherAccount(db, draft.connectionId, access)
    if (other !== null) await save({ status: 'failed', problem: other, access, taskKey })
    else await save({ status: 'checked', problem: null, access, taskKey })
  } catch (error) {
    await progress.settled()
    const problem = problemOf(error, crmProfile(draft.crm).title, [grant, await draftTokens(deps, draftId)])
    await save({
      status: 'failed',
      problem: problem ?? 'The checks stopped at a fault of Lanekeeper itself; its log says more. Try again.',
    })
    if (problem === null) throw error
  }
}

/** The sentence about a draft that is meant to mend one connection, but leads to another account. Null: it does not. */
export async function otherAccount(
  db: Database,
  connectionId: string | null,
  { identity }: AccessFindings,
): Promise<string | null> {
  if (connectionId === null) return null
  const connection = await findConnection(db, connectionId)
  if (!connection || connection.accountId === identity.accountId) return null
  return (
    `This is "${identity.title}" (${identity.accountId}), but the connection to be mended is "${connection.title}" ` +
    `(${connection.accountId}). Log in to that account, or make a new connection for this one.`
  )
}

async function failUnreadable(db: Database, draftId: string, error: unknown): Promise<never> {
  if (error instanceof SecretUnreadableError) {
    await updateDraft(db, draftId, { status: 'failed', problem: remedyFor(error) })
  }
  throw error
}

/** Without a usable answer we do not rely on the CRM: what we wrote is read back instead. */
async function probe(setup: CrmSetup): Promise<TaskKeySupport> {
  try {
    return await setup.probeTaskKey()
  } catch (error) {
    if (!(error instanceof CrmRefusedError || error instanceof CrmUnknownError)) throw error
    return {
      enforced: false,
      field: null,
      why: `Whether the CRM can refuse a second task was not found out: ${error.message}`,
    }
  }
}

/** Saves the checks that have answered, at most every so often and one save at a time. */
function savedProgress(save: (change: { readonly access: AccessFindings }) => Promise<unknown>) {
  const checks: AccessCheck[] = []
  let savedAtMs = Number.NEGATIVE_INFINITY
  let saving: Promise<unknown> = Promise.resolve()
  return {
    onCheck(check: AccessCheck): void {
      // What the CRM said waits until it has been looked through for secrets.
      checks.push({ ...check, said: null })
      if (performance.now() - savedAtMs < SAVE_EVERY_MS) return
      savedAtMs = performance.now()
      const access: AccessFindings = { ...NOTHING_KNOWN, checks: [...checks] }
      saving = saving.then(() => save({ access })).catch(() => undefined)
    },
    /** The last save has to be over before the findings are written: it would overwrite them. */
    settled: () => saving,
  }
}

const NOTHING_KNOWN: AccessFindings = {
  identity: {
    accountId: '',
    title: '',
    timeZone: null,
    actorId: null,
    actorName: null,
    edition: null,
    pagesUrl: null,
  },
  checks: [],
  objects: [],
  limits: null,
  streamSlots: null,
}
