import { hostname } from 'node:os'
import { followKeys } from '../config/key-file.ts'
import { loadPolicies } from '../config/policy-files.ts'
import type { Settings } from '../config/settings.ts'
import type { Policy } from '../model/policy/policy.ts'
import { accessNeeds } from '../pipeline/access-needs.ts'
import { beginAuthorization, finishAuthorization } from '../pipeline/authorize-draft.ts'
import { checkDraft } from '../pipeline/check-draft.ts'
import {
  type ConnectDeps,
  createDraft,
  createDraftTaskKey,
  discardDraft,
  listDrafts,
  readDraft,
} from '../pipeline/connect-crm.ts'
import { createConnectionTaskKey } from '../pipeline/connection-task-key.ts'
import { crmAddressRule } from '../pipeline/crm-address-rule.ts'
import { disconnect } from '../pipeline/disconnect.ts'
import { changeClientSecret, checkConnection, setShares } from '../pipeline/keep-connection.ts'
import { policiesOf } from '../pipeline/publish-policies.ts'
import { startDraft } from '../pipeline/start-draft.ts'
import { letWrite } from '../pipeline/writing.ts'
import type { Database } from '../store/database.ts'
import { createSecretBox } from '../store/secret-box.ts'
import type { ConnectSetUp } from './connect-options.ts'
import type { Connecting } from './connecting.ts'
import { DraftChecks } from './draft-checks.ts'

/** A portal that cannot reach us is asked for changes at least this often. */
const POLL_SECONDS_MAX = 60

/** What connecting takes, from the settings of this service. Makes the key file where there is none yet. */
export async function connectSetUp(db: Database, settings: Settings, webhookUrl: string): Promise<ConnectSetUp> {
  const { publicUrl, reconcileSeconds } = settings
  // As the workers do: a file that changes counts from the next start.
  const policies = policiesIn(settings.configDir)
  const deps: ConnectDeps = {
    db,
    box: createSecretBox(await followKeys(settings)),
    needsOf: (crm) => accessNeeds(policies, crm),
    ...crmAddressRule(settings),
    nowMs: Date.now,
    instance: `api-${hostname()}-${process.pid}`,
  }
  const bound = connecting(deps)
  return {
    connecting: bound,
    checks: new DraftChecks(bound),
    needsOf: deps.needsOf,
    publicUrl,
    webhookUrl,
    sandbox: settings.sandbox === 'on',
    pollSeconds: Math.min(reconcileSeconds, POLL_SECONDS_MAX),
  }
}

/** None where there is no such directory: the workers say so, and signing in or looking must not fail for it. */
function policiesIn(configDir: string): Policy[] {
  try {
    return policiesOf(loadPolicies(configDir))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
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
    startDraft: (id, shares) => startDraft(deps, id, shares),
    checkConnection: (id) => checkConnection(deps, id),
    createTaskKey: (id) => createConnectionTaskKey(deps, id),
    setShares: (id, shares) => setShares(db, id, shares),
    changeClientSecret: (id, change) => changeClientSecret(deps, id, change),
    letWrite: (id, { allowed, by }) => letWrite(db, id, { allowed, by, nowMs: deps.nowMs() }),
    disconnect: (id, how) => disconnect(deps, id, how),
  }
}
