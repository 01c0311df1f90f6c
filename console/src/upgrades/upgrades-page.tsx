import { Loader, Paper, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Group, UpgradeView } from '../../../src/api/upgrades/upgrade-types.ts'
import { exact, number, plural, short } from '../parts/format.ts'
import { EmptyState, Notice, ProblemNotice } from '../parts/notices.tsx'
import { upgradesQuery } from '../server/api.ts'

/** What each upgrade of Lanekeeper changed, the newest first. */
export function UpgradesPage() {
  const { data, error, refetch } = useQuery(upgradesQuery)
  return (
    <>
      <h1>Upgrades</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading upgrades" />}
      {data?.upgrades.length === 0 && (
        <EmptyState title="No upgrade yet">
          After an upgrade that may read values differently, Lanekeeper decides every record again and lists here which
          cases it opened, closed and changed.
        </EmptyState>
      )}
      <Stack gap={14}>
        {data?.upgrades.map((upgrade) => (
          <Upgrade key={upgrade.id} upgrade={upgrade} />
        ))}
      </Stack>
    </>
  )
}

function Upgrade({ upgrade }: { upgrade: UpgradeView }) {
  const { id, startedAt, from, to, edited, report } = upgrade
  const heading = `upgrade-${id}`
  return (
    <Paper component="section" aria-labelledby={heading}>
      <Stack gap="sm">
        <Text renderRoot={(props) => <h2 {...props} />} id={heading} fz={16} fw={640}>
          Upgrade of {exact(startedAt)}
        </Text>
        {report === null ? <UnderWay upgrade={upgrade} /> : <Report report={report} />}
        {edited.length > 0 && (
          <p className="quiet">Edited at the same time, so counted with the upgrade: {edited.join(', ')}.</p>
        )}
        <p className="quiet small">
          Reading version <code>{short(from)}</code> to <code>{short(to)}</code>
        </p>
      </Stack>
    </Paper>
  )
}

function UnderWay({ upgrade: { limitAt } }: { upgrade: UpgradeView }) {
  return (
    <Notice tone="info" title="Every record is being decided again">
      <p>
        Tasks that only the new version wants wait for this report, until {exact(limitAt)} at the latest. What people
        change in the CRMs has its tasks as usual.
      </p>
    </Notice>
  )
}

function Report({ report }: { report: NonNullable<UpgradeView['report']> }) {
  const { at, undecided, isWithoutEffect, says, tasksSay, groups } = report
  if (isWithoutEffect) return <p>This version decides every record as before. Checked {exact(at)}.</p>
  return (
    <>
      <p>
        <strong>{says.charAt(0).toUpperCase() + says.slice(1)}</strong>, of records that did not change. {tasksSay}.
        Reported {exact(at)}.
      </p>
      {undecided > 0 && (
        <Notice tone="warn" title="Not complete">
          <p>{plural(undecided, 'record was', 'records were')} not decided yet. What they change is not in it.</p>
        </Notice>
      )}
      {groups.length > 0 && <Groups groups={groups} />}
    </>
  )
}

const CHANGES = [
  ['opened', 'opened'],
  ['closed', 'closed'],
  ['changed', 'changed class'],
  ['askedAgain', 'opened again'],
] as const

const OF_EXAMPLE: Readonly<Record<string, string>> = { changed: 'changed class', 'asked-again': 'opened again' }

function Groups({ groups }: { groups: readonly Group[] }) {
  return (
    <Table className="upgrade-groups" aria-label="Cases by workflow, pattern and connection">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Workflow and pattern</Table.Th>
          <Table.Th scope="col">Cases</Table.Th>
          <Table.Th scope="col">Examples</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {groups.map((group) => (
          <GroupRow key={`${group.connectionTitle}/${group.workflow}/${group.pattern}`} group={group} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

function GroupRow({ group }: { group: Group }) {
  const { connectionTitle, workflow, workflowTitle, pattern, patternTitle, examples } = group
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <Link to="/cases" search={{ workflow, pattern }}>
          {workflowTitle}: {patternTitle}
        </Link>
        <div className="quiet small">{connectionTitle}</div>
      </Table.Th>
      <Table.Td>
        {CHANGES.filter(([of]) => group[of] > 0).map(([of, what]) => (
          <div key={of}>
            {number(group[of])} {what}
          </div>
        ))}
      </Table.Td>
      <Table.Td>
        {examples.map(({ id, title, change }) => (
          <div key={id}>
            <Link to="/cases/$id" params={{ id }}>
              {title}
            </Link>{' '}
            <span className="quiet small">{OF_EXAMPLE[change] ?? change}</span>
          </div>
        ))}
      </Table.Td>
    </Table.Tr>
  )
}
