import { Button, Group, NativeSelect, Text, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { labelOf, number } from '../parts/format.ts'
import { ClassIcon } from '../parts/icons.tsx'
import { type CaseSearch, overviewQuery } from '../server/api.ts'
import { SearchField } from './search-field.tsx'

type Props = { search: CaseSearch; onChange: (change: CaseSearch) => void }

/** Every filter is part of the address, so a filtered list can be shared as a link. */
export function CaseFilters({ search }: { search: CaseSearch }) {
  const navigate = useNavigate({ from: '/cases' })
  const { data } = useQuery(overviewQuery)
  const set = (change: CaseSearch) =>
    void navigate({
      search: (before: CaseSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value)) as CaseSearch,
      replace: true,
    })
  return (
    <search>
      <ClassChips search={search} onChange={set} counts={data?.byClass ?? []} />
      <Group gap={8} mt={10} className="filter-fields">
        <SearchField value={search.q ?? ''} onChange={(q) => set({ q })} />
        <Choices search={search} onChange={set} overview={data} />
        {search.task && <Text c="dimmed">Cases of one task</Text>}
        {Object.keys(search).length > 0 && (
          <Button variant="subtle" onClick={() => void navigate({ search: {}, replace: true })}>
            Clear
          </Button>
        )}
      </Group>
    </search>
  )
}

function ClassChips({ search, onChange, counts }: Props & { counts: Overview['byClass'] }) {
  return (
    <fieldset className="chips">
      <VisuallyHidden component="legend">Class</VisuallyHidden>
      {counts.map(({ key, n }) => {
        const on = search.class === key
        return (
          <Button
            key={key}
            size="compact-sm"
            variant="default"
            bg={on ? `var(--class-${key}-tint)` : undefined}
            c={on ? `var(--class-${key}-ink)` : undefined}
            leftSection={<ClassIcon name={key} />}
            rightSection={number(n)}
            aria-pressed={on}
            onClick={() => onChange({ class: on ? '' : key })}
          >
            {labelOf(key)}
          </Button>
        )
      })}
    </fieldset>
  )
}

function Choices({ search, onChange, overview }: Props & { overview: Overview | undefined }) {
  return (
    <>
      <NativeSelect
        aria-label="Owner"
        value={search.owner ?? ''}
        onChange={(event) => onChange({ owner: event.currentTarget.value })}
        data={options('Any owner', search.owner, overview?.byOwner)}
      />
      <NativeSelect
        aria-label="Meanwhile"
        value={search.posture ?? ''}
        onChange={(event) => onChange({ posture: event.currentTarget.value })}
        data={[
          { value: '', label: 'Meanwhile: any' },
          { value: 'confirm', label: 'Runs' },
          { value: 'hold', label: 'Held' },
          { value: 'stop', label: 'Blocked' },
        ]}
      />
      <NativeSelect
        aria-label="Pattern"
        value={search.pattern ?? ''}
        onChange={(event) => onChange({ pattern: event.currentTarget.value })}
        data={options('Any pattern', search.pattern, overview?.byPattern)}
      />
      <NativeSelect
        aria-label="Workflow"
        value={search.workflow ?? ''}
        onChange={(event) => onChange({ workflow: event.currentTarget.value })}
        data={options('Any workflow', search.workflow, overview?.byWorkflow)}
      />
      <StatusChoice search={search} onChange={onChange} />
    </>
  )
}

function StatusChoice({ search, onChange }: Props) {
  return (
    <NativeSelect
      aria-label="Status"
      value={search.overdue ? 'overdue' : (search.status ?? 'open')}
      onChange={(event) => {
        const value = event.currentTarget.value
        if (value === 'overdue') onChange({ overdue: 'true', status: '' })
        else onChange({ overdue: undefined, status: value === 'open' ? '' : value })
      }}
      data={[
        { value: 'open', label: 'Open' },
        { value: 'overdue', label: 'Overdue' },
        { value: 'closed-without-change', label: 'Closed without a change' },
        { value: 'settled-by-rule', label: 'Fixed by rules' },
        { value: 'resolved', label: 'Resolved' },
        { value: 'all', label: 'All' },
      ]}
    />
  )
}

/** What has open cases, and the chosen value even when it has none left. */
function options(
  any: string,
  chosen: string | undefined,
  counts: readonly { key: string; title: string; n: number }[] = [],
) {
  const known = counts.map((count) => ({ value: count.key, label: `${count.title} (${number(count.n)})` }))
  const missing =
    chosen && !counts.some((count) => count.key === chosen) ? [{ value: chosen, label: labelOf(chosen) }] : []
  return [{ value: '', label: any }, ...known, ...missing]
}
