import { hostname } from 'node:os'
import { nowMs } from '../../clock/clock.ts'
import { loadPolicies } from '../../config/policies/policy-files.ts'
import { webhookUrlOf } from '../../config/settings/environment-grants.ts'
import { followKeys } from '../../config/settings/key-file.ts'
import { configFolder, type Settings } from '../../config/settings/settings.ts'
import { changeClientSecret, checkConnection, setShares } from '../../connections/access/recheck-access.ts'
import { accessNeeds } from '../../connections/access/required-access.ts'
import { createConnectionTaskKey } from '../../connections/access/task-key.ts'
import type { ConnectDeps } from '../../connections/context.ts'
import { crmAddressRule } from '../../connections/draft/address-rule.ts'
import { beginAuthorization, finishAuthorization } from '../../connections/draft/authorize.ts'
import { checkDraft } from '../../connections/draft/check.ts'
import { createDraft, createDraftTaskKey, discardDraft, listDrafts, readDraft } from '../../connections/draft/draft.ts'
import { startDraft } from '../../connections/draft/start.ts'
import { disconnect } from '../../connections/lifecycle/disconnect.ts'
import { isUserActiveNow } from '../../connections/user-now.ts'
import type { Policy } from '../../model/policy/policy.ts'
import { policiesOf } from '../../pipeline/decide/publish-policies.ts'
import type { Database } from '../../store/database/database.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { createSecretBox } from '../../store/secrets/secret-box.ts'
import type { ConnectSetUp } from './connect-options.ts'
import type { Connecting } from './connection-service.ts'
import { DraftChecks } from './draft-checks.ts'

/** An account that cannot reach us is asked for changes at least this often. */
const POLL_SECONDS_MAX = 60

/** What connecting takes, from the settings of this service. Makes the key file where there is none yet. */
export async function connectSetUp(db: Database, settings: Settings): Promise<ConnectSetUp> {
  const { publicUrl, pollSeconds } = settings
  const policies = followPolicies(db, policiesIn(configFolder(settings)))
  const deps: ConnectDeps = {
    db,
    box: createSecretBox(await followKeys(settings)),
    needsOf: (crm) => accessNeeds(policies(), crm),
    ...crmAddressRule(settings),
    nowMs,
    instance: `api-${hostname()}-${process.pid}`,
  }
  const bound = connecting(deps)
  return {
    connecting: bound,
    checks: new DraftChecks(bound),
    needsOf: deps.needsOf,
    publicUrl,
    webhookUrlOf: (crm) => webhookUrlOf(settings, crm),
    sandbox: settings.sandbox === 'on',
    pollSeconds: Math.min(pollSeconds, POLL_SECONDS_MAX),
  }
}

/** None where there is no such directory: the workers say so, and signing in or looking must not fail for it. */
function policiesIn(configDir: string | null): Policy[] {
  if (configDir === null) return []
  try {
    return policiesOf(loadPolicies(configDir))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A version that came into force is known here within this. */
const FOLLOW_EVERY_MS = 2_000

/**
 * What is in force, and what the files say beside it: they wait as drafts, and an admin who connects is told what they will
 * need. The database may still be starting, so a turn that fails is followed by the next one.
 */
function followPolicies(db: Database, inFiles: readonly Policy[]): () => readonly Policy[] {
  let known: readonly Policy[] = inFiles
  const turn = async () => {
    const inForce = (await policiesInForce(db)).map(({ policy }) => policy)
    const names = new Set(inForce.map(({ workflow }) => workflow))
    known = [...inForce, ...inFiles.filter(({ workflow }) => !names.has(workflow))]
  }
  setInterval(() => turn().catch(() => undefined), FOLLOW_EVERY_MS).unref()
  return () => known
}

/** Everything about connecting, bound to what it works with. */
export function connecting(deps: ConnectDeps): Connecting {
  const { db } = deps
  return {
    createDraft: (draft) => createDraft(deps, draft),
    beginAuthorization: (request) => beginAuthorization(deps, request),
    finishAuthorization: (answer) => finishAuthorization(deps, answer),
    checkDraft: (id) => checkDraft(deps, id),
    createDraftTaskKey: (id) => createDraftTaskKey(deps, id),
    readDraft: (id) => readDraft(db, id),
    listDrafts: () => listDrafts(db),
    discardDraft: (id) => discardDraft(deps, id),
    startDraft: (id, shares, by) => startDraft(deps, id, shares, by),
    checkConnection: (id) => checkConnection(deps, id),
    createTaskKey: (id) => createConnectionTaskKey(deps, id),
    setShares: (id, shares) => setShares(db, id, shares),
    changeClientSecret: (id, change, still) => changeClientSecret(deps, id, change, still),
    isUserActive: (user) => isUserActiveNow(deps, user),
    disconnect: (id, how) => disconnect(deps, id, how),
  }
}
