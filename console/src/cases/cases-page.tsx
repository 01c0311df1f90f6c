import { Button, CloseButton, Loader, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { number, plural, say } from '../parts/format.ts'
import { ClassIcon } from '../parts/icons.tsx'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { type CaseSearch, caseListQuery, overviewQuery } from '../server/api.ts'
import { CaseList } from './case-list.tsx'

export function CasesPage() {
  const search = useSearch({ from: '/cases' })
  const list = useInfiniteQuery(caseListQuery(search))
  const cases = list.data?.pages.flatMap((page) => page.exceptions) ?? []
  const filtered = Object.keys(search).length > 0
  return (
    <>
      <h1>Cases</h1>
      <Filters search={search} />
      {list.error && <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && !list.error && <Loader className="boot" aria-label="Loading cases" />}
      {list.data && (
        <p className="count" role="status">
          {cases.length === 0
            ? 'No cases'
            : `${plural(cases.length, 'case')}${list.hasNextPage ? ' shown, there are more' : ''}`}
        </p>
      )}
      {list.data && cases.length === 0 && (
        <EmptyState title={filtered ? 'No case fits these filters' : 'Nothing is open'}>
          {filtered ? (
            <Link to="/cases" search={{}}>
              Clear all filters
            </Link>
          ) : (
            'Every case that was found has been settled. New ones appear here by themselves.'
          )}
        </EmptyState>
      )}
      {cases.length > 0 && <CaseList cases={cases} label="Cases, newest first" />}
      {list.hasNextPage && (
        <div className="more">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  )
}

function Filters({ search }: { search: CaseSearch }) {
  const navigate = useNavigate({ from: '/cases' })
  const overview = useQuery(overviewQuery)
  const set = (change: CaseSearch) =>
    void navigate({
      search: (before: CaseSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value)) as CaseSearch,
      replace: true,
    })
  const active = Object.keys(search).length > 0
  return (
    <search className="filters">
      <fieldset className="chips">
        <legend className="visually-hidden">Class</legend>
        {(overview.data?.byClass ?? []).map((count) => {
          const on = search.class === count.key
          return (
            <button
              key={count.key}
              type="button"
              className={`chip class-${count.key}`}
              aria-pressed={on}
              onClick={() => set({ class: on ? '' : count.key })}
            >
              <ClassIcon name={count.key} />
              {say(count.key)}
              <span className="chip-n">{number(count.n)}</span>
            </button>
          )
        })}
      </fieldset>
      <div className="filter-fields">
        <SearchField value={search.q ?? ''} onChange={(q) => set({ q })} />
        <NativeSelect
          aria-label="Owner"
          value={search.owner ?? ''}
          onChange={(event) => set({ owner: event.currentTarget.value })}
          data={options('Any owner', search.owner, overview.data?.byOwner)}
        />
        <NativeSelect
          aria-label="Posture"
          value={search.posture ?? ''}
          onChange={(event) => set({ posture: event.currentTarget.value })}
          data={[
            { value: '', label: 'Any posture' },
            { value: 'confirm', label: 'Confirm' },
            { value: 'hold', label: 'Hold' },
            { value: 'stop', label: 'Stop' },
          ]}
        />
        <NativeSelect
          aria-label="Pattern"
          value={search.pattern ?? ''}
          onChange={(event) => set({ pattern: event.currentTarget.value })}
          data={options('Any pattern', search.pattern, overview.data?.byPattern)}
        />
        <NativeSelect
          aria-label="Workflow"
          value={search.workflow ?? ''}
          onChange={(event) => set({ workflow: event.currentTarget.value })}
          data={options('Any workflow', search.workflow, overview.data?.byWorkflow)}
        />
        <NativeSelect
          aria-label="Status"
          value={search.overdue ? 'overdue' : (search.status ?? 'open')}
          onChange={(event) => {
            const value = event.currentTarget.value
            if (value === 'overdue') set({ overdue: 'true', status: '' })
            else set({ overdue: undefined, status: value === 'open' ? '' : value })
          }}
          data={[
            { value: 'open', label: 'Open' },
            { value: 'overdue', label: 'Past deadline' },
            { value: 'settled-by-rule', label: 'Settled by rule' },
            { value: 'resolved', label: 'Resolved' },
            { value: 'all', label: 'All' },
          ]}
        />
        {active && (
          <Button variant="subtle" onClick={() => void navigate({ search: {}, replace: true })}>
            Clear
          </Button>
        )}
      </div>
    </search>
  )
}

/** What has open cases, and what is chosen even when it has none left. */
function options(
  any: string,
  chosen: string | undefined,
  counts: readonly { key: string; title: string; n: number }[] = [],
) {
  const known = counts.map((count) => ({ value: count.key, label: `${count.title} (${number(count.n)})` }))
  const missing = chosen && !counts.some((count) => count.key === chosen) ? [{ value: chosen, label: say(chosen) }] : []
  return [{ value: '', label: any }, ...known, ...missing]
}

/** Typing stays with the field; the address and the list follow a moment later. */
function SearchField({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [typed, setTyped] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  const later = useDebouncedCallback(onChange, 250)
  useEffect(() => {
    if (document.activeElement !== input.current) setTyped(value)
  }, [value])
  useEffect(() => {
    function onSlash(event: KeyboardEvent) {
      const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', onSlash)
    return () => window.removeEventListener('keydown', onSlash)
  }, [])
  const set = (q: string) => {
    setTyped(q)
    later(q)
  }
  return (
    <TextInput
      ref={input}
      className="search"
      type="search"
      aria-label="Search cases"
      placeholder="Search, or press /"
      maxLength={200}
      value={typed}
      onChange={(event) => set(event.currentTarget.value)}
      rightSection={typed ? <CloseButton size="sm" aria-label="Clear search" onClick={() => set('')} /> : null}
    />
  )
}
