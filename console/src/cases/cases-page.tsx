import { Button, Center, Loader } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { plural } from '../parts/format.ts'
import { EmptyState, Notice, ProblemNotice } from '../parts/notices.tsx'
import { StillDeciding } from '../parts/still-deciding.tsx'
import { ApiProblem, type CaseSearch, caseListQuery, overviewQuery } from '../server/api.ts'
import { CaseFilters } from './case-filters.tsx'
import { CaseList } from './case-list.tsx'

/** The list of cases, and the filters that make the address. */
export function CasesPage() {
  const search = useSearch({ from: '/cases' })
  const list = useInfiniteQuery(caseListQuery(search))
  // The filters beside the list read it too. The list itself is read page by page, and need not count this each time.
  const overview = useQuery(overviewQuery)
  const cases = list.data?.pages.flatMap((page) => page.exceptions) ?? []
  return (
    <>
      <h1>Cases</h1>
      <CaseFilters search={search} />
      {list.error && <ListProblem error={list.error} search={search} onRetry={() => void list.refetch()} />}
      <StillDeciding records={overview.data?.events.recordsToDecide ?? 0} what="This list changes" />
      {list.isPending && !list.error && <Loader className="boot" aria-label="Loading cases" />}
      {list.data && (
        <p className="count" role="status">
          {cases.length > 0 && `${plural(cases.length, 'case')}${list.hasNextPage ? ' shown, more below' : ''}`}
        </p>
      )}
      {list.data && cases.length === 0 && <NoCases isFiltered={Object.keys(search).length > 0} />}
      {cases.length > 0 && <CaseList cases={cases} label="Cases, newest first" />}
      {list.hasNextPage && (
        <Center mt={14}>
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </Center>
      )}
    </>
  )
}

function ListProblem(props: { error: unknown; search: CaseSearch; onRetry: () => void }) {
  const { error, search, onRetry } = props
  const wrong = error instanceof ApiProblem ? (error.problem.errors ?? []).map(({ field }) => field) : []
  const named = Object.entries(search).filter(([name]) => wrong.includes(name))
  if (named.length === 0) return <ProblemNotice error={error} onRetry={onRetry} />
  const rest = Object.fromEntries(Object.entries(search).filter(([name]) => !wrong.includes(name)))
  return (
    <Notice tone="stop" isUrgent>
      <p>
        Unknown filter {named.map(([name, value]) => `${name}=${value}`).join(', ')}.{' '}
        <Link to="/cases" search={rest as CaseSearch}>
          Clear it
        </Link>
        .
      </p>
    </Notice>
  )
}

function NoCases({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered) return <EmptyState title="No open cases">New cases appear here by themselves.</EmptyState>
  return (
    <EmptyState title="No cases match these filters">
      <Link to="/cases" search={{}}>
        Clear all filters
      </Link>
    </EmptyState>
  )
}
