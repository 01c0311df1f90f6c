import { Table } from '@mantine/core'
import type { LedgerNumbers, LedgerObject, SyncStatusReply } from '../../../src/api/sync-status/sync-status-types.ts'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { labelOf, number, objectLabel, plural } from '../parts/format.ts'
import { SyncDays } from './sync-status-days.tsx'

const COLUMNS = [
  ['received', 'Received'],
  ['applied', 'Applied'],
  ['skipped', 'Skipped'],
  ['duplicate', 'Duplicates'],
  ['recovered', 'Found by polling'],
] as const satisfies readonly (readonly [keyof LedgerNumbers, string])[]

/** Columns that show up only with a number in them. */
const TROUBLE = [
  ['failed', 'Failed'],
  ['waiting', 'In progress'],
] as const satisfies readonly (readonly [keyof LedgerNumbers, string])[]

/** Per object: the comparison of the last two weeks, and the outcome of its changes. */
export function SyncTable({ status }: { status: SyncStatusReply }) {
  const columns = [...COLUMNS, ...TROUBLE.filter(([name]) => status.total[name] > 0)]
  const objects = status.objects.filter((object) => object.numbers.received > 0 || object.days.length > 0)
  return (
    <>
      <Table className="sync-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Object</Table.Th>
            <Table.Th scope="col">Last 14 days</Table.Th>
            {columns.map(([name, title]) => (
              <Table.Th scope="col" key={name} ta="right">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {objects.map((object) => (
            <Table.Tr key={object.objectType}>
              <Table.Th scope="row">
                {objectLabel(object.objectType)}
                <span className="quiet small">{recordCount(object)}</span>
              </Table.Th>
              <Table.Td>
                <SyncDays object={object} />
              </Table.Td>
              {columns.map(([name, title]) => (
                <Table.Td key={name} className="sync-count" data-title={title}>
                  {number(object.numbers[name])}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Reasons objects={objects} />
    </>
  )
}

function recordCount({ ourCount, crmCount, crmStated }: LedgerObject): string | null {
  if (ourCount === null || crmCount === null) return null
  const crm = crmStated ?? crmCount
  return ourCount === crm ? plural(ourCount, 'record') : `${number(ourCount)} of ${number(crm)} records`
}

const WORDS: Readonly<Record<string, string>> = {
  'no-change': 'nothing new',
  superseded: 'out of date',
  'own-write': "Lanekeeper's own changes",
  'not-our-task': 'tasks of other apps and people',
  'people-list': 'user changes (users were read again)',
  'unwatched-object': 'objects without a workflow',
  webhook: 'by webhook',
  stream: 'by event stream',
  poll: 'by polling',
  baseline: 'by the first import',
}

function Reasons({ objects }: { objects: readonly LedgerObject[] }) {
  const active = objects.filter((object) => object.numbers.received > 0)
  if (active.length === 0) return null
  return (
    <details>
      <summary>How changes arrived, and why some were skipped</summary>
      <FactList>
        {active.map(({ objectType, receivedBy, skippedBecause }) => (
          <FactRow key={objectType} label={objectLabel(objectType)}>
            {counted(receivedBy)}
            {skippedBecause.length > 0 && <div className="quiet">Skipped: {counted(skippedBecause)}</div>}
          </FactRow>
        ))}
      </FactList>
    </details>
  )
}

function counted(counts: LedgerObject['receivedBy']): string {
  return counts.map(({ name, n }) => `${number(n)} ${WORDS[name] ?? labelOf(name).toLowerCase()}`).join(', ')
}
