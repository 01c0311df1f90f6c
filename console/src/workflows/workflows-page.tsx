import { Group, Loader, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { FirstSteps } from '../changes/first-steps.tsx'
import { plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { workflowsQuery } from '../server/api.ts'
import { WorkflowMode } from './workflow-mode.tsx'
import { WorkflowNotices } from './workflow-notices.tsx'

/** A row for each workflow: what it does, how it is, and the way to who owns its cases. */
export function WorkflowsPage() {
  const { data, error, refetch } = useQuery(workflowsQuery)
  return (
    <>
      <h1>Workflows</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading workflows" />}
      {data?.workflows.length === 0 && <FirstSteps />}
      <Stack gap={14}>
        {data?.workflows.map((workflow) => (
          <Row key={workflow.workflow} workflow={workflow} />
        ))}
      </Stack>
      <p>
        <Link to="/upgrades">What upgrades of Lanekeeper changed</Link>
      </p>
    </>
  )
}

function Row({ workflow }: { workflow: WorkflowView }) {
  const id = `workflow-${workflow.workflow}`
  return (
    <Paper component="section" aria-labelledby={id}>
      <Stack gap="xs">
        <Group justify="space-between">
          <Text renderRoot={(props) => <h2 {...props} />} id={id} fz={16} fw={640}>
            {workflow.version === null ? (
              workflow.title
            ) : (
              <Link to="/workflows/$workflow" params={{ workflow: workflow.workflow }}>
                {workflow.title}
              </Link>
            )}
          </Text>
          <WorkflowMode workflow={workflow} />
        </Group>
        {workflow.says && <Text maw="80ch">{workflow.says}</Text>}
        <WorkflowNotices workflow={workflow} />
        <Group gap="4px 18px" c="dimmed">
          {workflow.open > 0 ? (
            <Link to="/cases" search={{ workflow: workflow.workflow }}>
              {plural(workflow.open, 'open case')}
            </Link>
          ) : (
            <span>No open cases</span>
          )}
          {workflow.version !== null && (
            <Link to="/workflows/$workflow" params={{ workflow: workflow.workflow }}>
              Who owns its cases
            </Link>
          )}
        </Group>
      </Stack>
    </Paper>
  )
}
