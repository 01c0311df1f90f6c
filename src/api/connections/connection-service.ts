import type { DraftRequest } from '../../connections/draft/draft.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { Still } from '../../people/permitted.ts'
import type { AskUser } from '../../people/user-now.ts'
import type { DraftView } from '../../store/connections/drafts.ts'

type BudgetShares = { readonly dayShare: number; readonly windowShare: number }

/** Everything that can be done about a connection, as the routes need it: bound to a database, keys and needs. */
export type Connecting = {
  /** Throws `AddressRefusedError` or `GrantInvalidError` with a sentence per field. */
  readonly createDraft: (draft: DraftRequest) => Promise<{ readonly draftId: string }>
  readonly beginAuthorization: (request: {
    readonly draftId: string
    readonly sessionHash: Buffer
    readonly redirectUri: string
  }) => Promise<{ readonly authorizeUrl: string }>
  /** Throws `StateRefusedError`: unknown, used, stale, of another session or provider. */
  readonly finishAuthorization: (answer: {
    readonly provider: Crm
    readonly state: string
    readonly sessionHash: Buffer
    readonly code: string | null
    readonly error: string | null
  }) => Promise<{ readonly draftId: string }>
  readonly checkDraft: (draftId: string) => Promise<void>
  readonly createDraftTaskKey: (draftId: string) => Promise<TaskKeySupport>
  readonly readDraft: (draftId: string) => Promise<DraftView | null>
  readonly listDrafts: () => Promise<readonly DraftView[]>
  readonly discardDraft: (draftId: string) => Promise<unknown>
  readonly startDraft: (
    draftId: string,
    shares: BudgetShares,
    by: string,
  ) => Promise<{ readonly connectionId: ConnectionId }>
  readonly checkConnection: (connectionId: string) => Promise<AccessFindings>
  /** Makes the key by which the CRM refuses a second task. */
  readonly createTaskKey: (connectionId: string) => Promise<TaskKeySupport>
  readonly setShares: (connectionId: string, shares: BudgetShares) => Promise<unknown>
  readonly changeClientSecret: (
    connectionId: string,
    change: { readonly add?: string; readonly retireOld?: boolean },
    still: Still,
  ) => Promise<unknown>
  /** Whether a user is active, asked of the CRM now. Null: it gave no answer. */
  readonly isUserActive: AskUser
  readonly disconnect: (
    connectionId: string,
    how: { readonly history: 'keep' | 'erase'; readonly by: string; readonly still: Still },
  ) => Promise<{ readonly message: readonly string[] }>
}
