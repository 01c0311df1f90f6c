import { keepPreviousData, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query'
import type { CaseReply, HeldReply, ListReply } from '../../../src/api/cases/case-types.ts'
import type { ChangesReply, CostReply, TextReply, VersionsReply } from '../../../src/api/changes/change-types.ts'
import type { MarksReply } from '../../../src/api/changes/mark-types.ts'
import type { DraftReply, DraftsReply } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionsReply } from '../../../src/api/connections/connection-types.ts'
import type { ControlReply } from '../../../src/api/control/control-types.ts'
import type { DepartureReply } from '../../../src/api/departures/departure-types.ts'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import type { ProblemReply } from '../../../src/api/server/problem-types.ts'
import type { SessionsReply } from '../../../src/api/sessions/own-session-types.ts'
import type { SessionReply, WaysReply } from '../../../src/api/sessions/session-types.ts'
import type { UpgradesReply } from '../../../src/api/upgrades/upgrade-types.ts'
import type { BacklogReply } from '../../../src/api/workflows/backlog-types.ts'
import type { MatrixReply } from '../../../src/api/workflows/matrix-types.ts'
import type { ModeReply } from '../../../src/api/workflows/mode-types.ts'
import type { RulesReply } from '../../../src/api/workflows/rules-types.ts'
import type { WorkflowsReply } from '../../../src/api/workflows/workflow-types.ts'

/** An error answer of the API, with sentences to show. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly problem: ProblemReply
  constructor(problem: ProblemReply) {
    super(problem.detail)
    this.problem = problem
  }
  is(type: string): boolean {
    return this.problem.type.endsWith(`:${type}`)
  }
}

/** No answer from the service: it stopped, restarts, or the network is down. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** Longer than the server's own 15 s, so that its error message arrives before we give up. */
const TIMEOUT_MS = 20_000
const SENDING_TIMEOUT_MS = 70_000

export async function call<Reply>(path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(path, { ...init, signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause) => {
      throw new UnreachableError('Cannot reach Lanekeeper', { cause })
    },
  )
  if (response.status === 204) return undefined as Reply
  const body: unknown = await response.json().catch(() => null)
  if (response.ok && body !== null) return body as Reply
  if (response.headers.get('content-type')?.startsWith('application/problem+json') && body !== null) {
    throw new ApiProblem(body as ProblemReply)
  }
  throw new UnreachableError(`Unreadable answer with status ${response.status}`)
}

/** Changes something. A CRM may answer later than our own database, so the limit is the server's. */
export function send<Reply>(path: string, body?: unknown, method = 'POST'): Promise<Reply> {
  return call<Reply>(path, {
    method,
    signal: AbortSignal.timeout(SENDING_TIMEOUT_MS),
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiProblem && error.is('not-signed-in')) queryClient.setQueryData(['session'], null)
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && !error.problem.retryable),
      // The live stream reports changes; this covers its interruptions.
      refetchInterval: 20_000,
    },
  },
})

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) =>
    call<SessionReply | null>('/api/session', { signal }).catch((error) => {
      if (error instanceof ApiProblem && error.is('not-signed-in')) return null
      throw error
    }),
  staleTime: 60_000,
  refetchInterval: false,
})

/** How people can sign in. In the sandbox that changes when its people arrive and when a CRM is connected. */
export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: ({ signal }) => call<WaysReply>('/api/session/ways', { signal }),
  refetchInterval: 5_000,
})

/** One's own sessions; of an admin also those of others, tokens, and what waits for a yes. */
export const sessionsQuery = queryOptions({
  queryKey: ['console', 'sessions'],
  queryFn: ({ signal }) => call<SessionsReply>('/api/console/sessions', { signal }),
})

export const overviewQuery = queryOptions({
  queryKey: ['console', 'overview'],
  queryFn: ({ signal }) => call<Overview>('/api/console/overview', { signal }),
})

/** Decided anew each time it is opened, so it is not repeated by itself. */
export function departureQuery(email: string) {
  return queryOptions({
    queryKey: ['console', 'departure', email],
    queryFn: ({ signal }) =>
      call<DepartureReply>(`/api/console/departure?${new URLSearchParams({ email })}`, { signal }),
    refetchInterval: false,
  })
}

/** The filters in the address of the list; an absent one means "any". */
export type CaseSearch = {
  class?: string
  posture?: string
  pattern?: string
  owner?: string
  workflow?: string
  status?: string
  overdue?: 'true'
  /** The cases that share this task. */
  task?: string
  q?: string
}

const PAGE_SIZE = 50

function caseListPath(search: CaseSearch, cursor: string | null, limit = PAGE_SIZE): string {
  const params = new URLSearchParams({ limit: String(limit) })
  for (const [name, value] of Object.entries(search)) if (value) params.set(name, value)
  if (cursor) params.set('cursor', cursor)
  return `/api/console/exceptions?${params}`
}

export const newestQuery = queryOptions({
  queryKey: ['console', 'cases', 'newest'],
  queryFn: ({ signal }) => call<ListReply>(caseListPath({}, null, 8), { signal }),
})

export function caseListQuery(search: CaseSearch) {
  return {
    queryKey: ['console', 'cases', search] as const,
    queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
      call<ListReply>(caseListPath(search, pageParam), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page: ListReply) => page.nextCursor,
    placeholderData: keepPreviousData,
  }
}

export function caseQuery(id: string) {
  return queryOptions({
    queryKey: ['console', 'case', id],
    queryFn: ({ signal }) => call<CaseReply>(`/api/console/exceptions/${encodeURIComponent(id)}`, { signal }),
  })
}

/** The records that the input of a case holds, from the first that the case itself does not list. */
export function heldQuery(id: string, from: number) {
  return {
    queryKey: ['console', 'held', id, from] as const,
    queryFn: ({ pageParam, signal }: { pageParam: number; signal: AbortSignal }) =>
      call<HeldReply>(`/api/console/exceptions/${encodeURIComponent(id)}/held?offset=${pageParam}`, { signal }),
    initialPageParam: from,
    getNextPageParam: ({ count, records }: HeldReply, _: unknown, offset: number) =>
      records.length > 0 && offset + records.length < count ? offset + records.length : null,
  }
}

export const controlQuery = queryOptions({
  queryKey: ['console', 'control'],
  queryFn: ({ signal }) => call<ControlReply>('/api/console/control', { signal }),
})

export const workflowsQuery = queryOptions({
  queryKey: ['console', 'workflows'],
  queryFn: ({ signal }) => call<WorkflowsReply>('/api/console/workflows', { signal }),
})

export function modeQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'mode', workflow],
    queryFn: ({ signal }) => call<ModeReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/mode`, { signal }),
  })
}

/** Read when the dialog opens: what is applied is what was seen, so it does not change under the reader's eyes. */
export function backlogQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'backlog', workflow],
    queryFn: ({ signal }) =>
      call<BacklogReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/backlog`, { signal }),
    staleTime: 0,
    refetchInterval: false,
  })
}

export function matrixQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'matrix', workflow],
    queryFn: ({ signal }) =>
      call<MatrixReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/matrix`, { signal }),
  })
}

export function rulesQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'rules', workflow],
    queryFn: ({ signal }) =>
      call<RulesReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/rules`, { signal }),
  })
}

export const upgradesQuery = queryOptions({
  queryKey: ['console', 'upgrades'],
  queryFn: ({ signal }) => call<UpgradesReply>('/api/console/upgrades', { signal }),
})

export const connectionsQuery = queryOptions({
  queryKey: ['console', 'connections'],
  queryFn: ({ signal }) => call<ConnectionsReply>('/api/console/connections', { signal }),
})

export const draftsQuery = queryOptions({
  queryKey: ['console', 'drafts'],
  queryFn: ({ signal }) => call<DraftsReply>('/api/console/drafts', { signal }),
})

export function draftQuery(id: string) {
  return queryOptions({
    queryKey: ['console', 'draft', id],
    queryFn: ({ signal }) => call<DraftReply>(`/api/console/drafts/${encodeURIComponent(id)}`, { signal }),
    // Checks show up one by one while they run.
    refetchInterval: (query) => (query.state.data?.status === 'checking' ? 700 : 20_000),
  })
}

export const changesQuery = queryOptions({
  queryKey: ['console', 'changes'],
  queryFn: ({ signal }) => call<ChangesReply>('/api/console/changes', { signal }),
  refetchInterval: 5_000,
})

export function versionsQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'versions', workflow],
    queryFn: ({ signal }) =>
      call<VersionsReply>(
        `/api/console/changes/versions?${new URLSearchParams({ document: `workflow:${workflow}` })}`,
        {
          signal,
        },
      ),
  })
}
export const marksQuery = queryOptions({
  queryKey: ['console', 'marks'],
  queryFn: ({ signal }) => call<MarksReply>('/api/console/changes/marks', { signal }),
})

/** The text of a draft, or of what is in force. Read when somebody begins to edit, and not again under their hands. */
export function textQuery(of: { readonly draft: number } | { readonly document: string }) {
  const path = 'draft' in of ? `drafts/${of.draft}/text` : `text?${new URLSearchParams({ document: of.document })}`
  return queryOptions({
    queryKey: ['console-text', of],
    queryFn: ({ signal }) => call<TextReply>(`/api/console/changes/${path}`, { signal }),
    refetchInterval: false,
    staleTime: 0,
    gcTime: 0,
  })
}

/** Decided anew when somebody opens it; the hash tells one text of a draft from the next. */
export function costQuery(draft: number, hash: string | null) {
  return queryOptions({
    queryKey: ['console-cost', draft, hash],
    queryFn: () => send<CostReply>(`/api/console/changes/drafts/${draft}/cost`, undefined, 'GET'),
    refetchInterval: false,
    staleTime: 60_000,
  })
}
