import { Table } from '@mantine/core'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { labelOf, plural } from '../parts/format.ts'

/** Where rules decide and where reviewers do. */
export function WorkflowBranches({ branches }: { branches: WorkflowView['branches'] }) {
  if (branches.length === 0) return null
  return (
    <Table captionSide="top" className="branches" id="branches">
      <Table.Caption ta="left">Where rules decide</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Branch</Table.Th>
          <Table.Th scope="col">Decided by</Table.Th>
          <Table.Th scope="col">Reason</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {branches.map(({ branch, mode, rules, because }) => (
          <Table.Tr key={branch}>
            <Table.Th scope="row">{labelOf(branch)}</Table.Th>
            <Table.Td>{mode === 'rules' ? plural(rules, 'rule') : labelOf(mode)}</Table.Td>
            <Table.Td>{because}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
