import { Table } from '@mantine/core'
import type { Fact } from '../../../src/api/cases/case-types.ts'
import { ago, exact } from '../parts/format.ts'
import { useNow } from '../server/live.ts'

/** Values with their age: an old value is weaker evidence. */
export function FactTable({ facts }: { facts: readonly Fact[] }) {
  const now = useNow()
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Field</Table.Th>
          <Table.Th scope="col">Value</Table.Th>
          <Table.Th scope="col">Last changed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {facts.map((fact) => (
          <Table.Tr key={fact.name}>
            <Table.Th scope="row" title={fact.name}>
              {fact.label}
            </Table.Th>
            <Table.Td>{fact.display ?? <span className="quiet">blank</span>}</Table.Td>
            <Table.Td c="dimmed" title={fact.changedAt ? exact(fact.changedAt) : undefined}>
              {fact.changedAt ? ago(fact.changedAt, now) : 'unknown'}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
