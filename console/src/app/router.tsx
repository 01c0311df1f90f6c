import { createRootRoute, createRoute, createRouter, Link } from '@tanstack/react-router'
import { CasePage } from '../cases/case-page.tsx'
import { CasesPage } from '../cases/cases-page.tsx'
import { ConnectPage, type ConnectSearch } from '../connect/connect-page.tsx'
import { DraftPage } from '../connect/draft-page.tsx'
import { ConnectionsPage } from '../connections/connections-page.tsx'
import { OverviewPage } from '../overview/overview-page.tsx'
import { EmptyState } from '../parts/notices.tsx'
import type { CaseSearch } from '../server/api.ts'
import { WorkflowsPage } from '../workflows/workflows-page.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <EmptyState title="There is no such page">
      Go to the <Link to="/">exception surface</Link>.
    </EmptyState>
  ),
})

const NAMES = ['class', 'posture', 'pattern', 'owner', 'workflow', 'status', 'q'] as const

/** Whatever stands in the address bar; the server refuses what it does not know, in words. */
function caseSearch(search: Record<string, unknown>): CaseSearch {
  const known: CaseSearch = {}
  for (const name of NAMES) {
    const value = search[name]
    if (typeof value === 'string' && value !== '') known[name] = value
    if (typeof value === 'number') known[name] = String(value)
  }
  if (search.overdue === 'true' || search.overdue === true) known.overdue = 'true'
  return known
}

function connectSearch(search: Record<string, unknown>): ConnectSearch {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const crm = search.crm === 'hubspot' || search.crm === 'salesforce' ? search.crm : undefined
  const [kind, again, refused] = [text(search.kind), text(search.again), text(search.refused)]
  return { ...(crm && { crm }), ...(kind && { kind }), ...(again && { again }), ...(refused && { refused }) }
}

const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/', component: OverviewPage }),
  // The shell shows the sign-in page here as long as nobody is signed in.
  createRoute({ getParentRoute: () => root, path: '/sign-in', component: OverviewPage }),
  createRoute({ getParentRoute: () => root, path: '/cases', component: CasesPage, validateSearch: caseSearch }),
  createRoute({ getParentRoute: () => root, path: '/cases/$id', component: CasePage }),
  createRoute({ getParentRoute: () => root, path: '/workflows', component: WorkflowsPage }),
  createRoute({ getParentRoute: () => root, path: '/connections', component: ConnectionsPage }),
  createRoute({
    getParentRoute: () => root,
    path: '/connections/new',
    component: ConnectPage,
    validateSearch: connectSearch,
  }),
  createRoute({ getParentRoute: () => root, path: '/connections/new/$draftId', component: DraftPage }),
])

export const router = createRouter({ routeTree, scrollRestoration: true })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
