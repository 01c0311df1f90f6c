import { Paper, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { BranchView } from '../../../src/api/workflows/rules-types.ts'
import { labelOf, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { rulesQuery } from '../server/api.ts'

/** Where rules decide and where people do, with every rule as a row. */
export function WorkflowBranches({ workflow }: { workflow: string }) {
  const { data, error } = useQuery(rulesQuery(workflow))
  if (error) return <ProblemNotice error={error} />
  if (!data || data.branches.length === 0) return null
  return (
    <Paper component="section" aria-labelledby="branches" className="rules">
      <h2 id="branches">Where rules decide</h2>
      <Stack gap={0}>
        {data.branches.map((branch) => (
          <Branch key={branch.branch} branch={branch} />
        ))}
      </Stack>
    </Paper>
  )
}

function Branch({ branch: { branch, mode, takes, because, rules } }: { branch: BranchView }) {
  const gone = rules.filter(({ owner }) => owner.isGone).length
  return (
    <div className="fold branch">
      <h3>
        {labelOf(branch)}: {mode === 'rules' ? plural(rules.length, 'rule') : HOW[mode]}
        {gone > 0 && <span className="late">, {gone === 1 ? 'one names' : `${gone} name`} somebody who left</span>}
      </h3>
      <Text maw="80ch">{because}</Text>
      <Text maw="80ch" c="dimmed">
        Takes records where {takes}.
      </Text>
      {rules.length > 0 && (
        <details>
          <summary>{plural(rules.length, 'rule')}, the first that fits decides</summary>
          <Rules rules={rules} />
        </details>
      )}
    </div>
  )
}

const HOW: Readonly<Record<string, string>> = { review: 'a reviewer decides', manual: 'done by hand' }

function Rules({ rules }: Pick<BranchView, 'rules'>) {
  return (
    <Table className="branches">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Rule</Table.Th>
          <Table.Th scope="col">If</Table.Th>
          <Table.Th scope="col">Owner</Table.Th>
          <Table.Th scope="col">Reason</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rules.map(({ rule, when, owner, because }) => (
          <Table.Tr key={rule}>
            <Table.Th scope="row">{labelOf(rule)}</Table.Th>
            <Table.Td>{when}</Table.Td>
            <Table.Td>
              {owner.name}
              {owner.isGone && <span className="late"> (left)</span>}
            </Table.Td>
            <Table.Td>{because}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
