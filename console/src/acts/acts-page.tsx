import { Button, Group, Loader, Paper, Select, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ActEntry } from '../../../src/api/acts/acts-types.ts'
import { exact } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { type ActsSearch, actsParams, actsQuery, peopleQuery } from '../server/people-queries.ts'

/** Who did what: the newest first, as the ledger has it, with names and in words. */
export function ActsPage() {
  const search = useSearch({ from: '/acts' })
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(actsQuery(search))
  const acts = data?.pages.flatMap((page) => page.acts)
  return (
    <>
      <p className="crumbs">
        <Link to="/people">People</Link>
      </p>
      <Group justify="space-between" align="center" mb="sm">
        <h1 className="flush">Who did what</h1>
        <a href={`/api/console/acts.csv?${actsParams(search)}`} download>
          Download as CSV
        </a>
      </Group>
      <Filters search={search} />
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!acts && !error && <Loader className="boot" aria-label="Loading acts" />}
      {acts?.length === 0 && (
        <EmptyState title="Nothing here">
          {Object.keys(search).length === 0
            ? 'Lanekeeper notes every sign-in, every job, every publish and every refusal here.'
            : 'Nobody did anything that fits these filters. Clear one of them.'}
        </EmptyState>
      )}
      {acts !== undefined && acts.length > 0 && (
        <Paper component="section" aria-label="Acts">
          <ul className="rows">
            {acts.map((act) => (
              <Act key={act.seq} act={act} />
            ))}
          </ul>
          {hasNextPage && (
            <Button mt="sm" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show older
            </Button>
          )}
        </Paper>
      )}
    </>
  )
}

function Act({ act: { at, title, by, about, details } }: { act: ActEntry }) {
  return (
    <li>
      <Group justify="space-between" gap="2px 14px" align="flex-start">
        <div className="vacancy-text">
          <strong>{by.name}</strong> <span className="quiet">{title}</span>
          <p>{about}</p>
          {details !== '' && <p className="quiet small">{details ?? 'Erased for privacy'}</p>}
        </div>
        <time className="quiet small" dateTime={at}>
          {exact(at)}
        </time>
      </Group>
    </li>
  )
}

function Filters({ search }: { search: ActsSearch }) {
  const people = useQuery(peopleQuery)
  const navigate = useNavigate()
  const set = (name: keyof ActsSearch, value: string | null) => {
    const { [name]: _, ...others } = search
    return navigate({ to: '/acts', search: value ? { ...others, [name]: value } : others, replace: true })
  }
  const persons = (people.data?.people ?? []).map(({ id, name }) => ({ value: id, label: name }))
  const workflows = (people.data?.workflows ?? []).map(({ workflow, title }) => ({ value: workflow, label: title }))
  return (
    <Group gap={10} mb="md" align="flex-end">
      <Select
        label="Person"
        placeholder="Everybody"
        data={persons}
        value={search.person ?? null}
        onChange={(value) => void set('person', value)}
        searchable
        clearable
      />
      <Select
        label="Workflow"
        placeholder="All of them"
        data={workflows}
        value={search.workflow ?? null}
        onChange={(value) => void set('workflow', value)}
        clearable
      />
      <TextInput
        label="From"
        type="date"
        value={search.from ?? ''}
        max={search.until ?? ''}
        onChange={(event) => void set('from', event.currentTarget.value)}
      />
      <TextInput
        label="Until and with"
        type="date"
        value={search.until ?? ''}
        min={search.from ?? ''}
        onChange={(event) => void set('until', event.currentTarget.value)}
      />
    </Group>
  )
}
