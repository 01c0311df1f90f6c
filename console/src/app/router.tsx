import { createRootRoute, createRoute, createRouter, Link, redirect } from '@tanstack/react-router'
import { ActsPage } from '../acts/acts-page.tsx'
import { actsSearch } from '../acts/acts-search.ts'
import { CasePage } from '../cases/case-page.tsx'
import { CasesPage } from '../cases/cases-page.tsx'
import { ChangesPage } from '../changes/changes-page.tsx'
import { ConnectPage, type ConnectSearch } from '../connect/connect-page.tsx'
import { isCrm } from '../connect/crms.ts'
import { DraftPage } from '../connect/draft-page.tsx'
import { ConnectionsPage } from '../connections/connections-page.tsx'
import { ControlPage } from '../control/control-page.tsx'
import { OverviewPage } from '../overview/overview-page.tsx'
import { EmptyState } from '../parts/notices.tsx'
import { PeoplePage } from '../people/people-page.tsx'
import { peopleSearch } from '../people/people-search.ts'
import type { CaseSearch } from '../server/api.ts'
import { SessionsPage } from '../sessions/sessions-page.tsx'
import { UpgradesPage } from '../upgrades/upgrades-page.tsx'
import { WorkflowPage } from '../workflows/workflow-page.tsx'
import { WorkflowsPage } from '../workflows/workflows-page.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <EmptyState title="Page not found">
      Go to <Link to="/overview">Overview</Link>.
    </EmptyState>
  ),
})

const NAMES = ['class', 'posture', 'pattern', 'owner', 'workflow', 'status', 'task', 'q'] as const

/** Every filter of the address bar, unchecked: the server checks the values and names the wrong ones. */
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
  const crm = isCrm(search.crm) ? search.crm : undefined
  const [kind, again, refused] = [text(search.kind), text(search.again), text(search.refused)]
  return { ...(crm && { crm }), ...(kind && { kind }), ...(again && { again }), ...(refused && { refused }) }
}

const routeTree = root.addChildren([
  // The address of the overview before it had a name of its own: bookmarks keep working.
  createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/overview', replace: true })
    },
  }),
  createRoute({ getParentRoute: () => root, path: '/overview', component: OverviewPage }),
  // Without a session the shell shows the sign-in page here, as everywhere.
  createRoute({ getParentRoute: () => root, path: '/sign-in', component: OverviewPage }),
  createRoute({ getParentRoute: () => root, path: '/cases', component: CasesPage, validateSearch: caseSearch }),
  createRoute({ getParentRoute: () => root, path: '/cases/$id', component: CasePage }),
  createRoute({ getParentRoute: () => root, path: '/workflows', component: WorkflowsPage }),
  createRoute({ getParentRoute: () => root, path: '/workflows/$workflow', component: WorkflowPage }),
  createRoute({ getParentRoute: () => root, path: '/people', component: PeoplePage, validateSearch: peopleSearch }),
  createRoute({ getParentRoute: () => root, path: '/acts', component: ActsPage, validateSearch: actsSearch }),
  createRoute({ getParentRoute: () => root, path: '/control', component: ControlPage }),
  createRoute({ getParentRoute: () => root, path: '/changes', component: ChangesPage }),
  createRoute({ getParentRoute: () => root, path: '/upgrades', component: UpgradesPage }),
  createRoute({ getParentRoute: () => root, path: '/sessions', component: SessionsPage }),
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
