import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { crmName } from '../connect/crms.ts'
import { day, objectLabel, plural, short } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { matrixQuery, workflowsQuery } from '../server/api.ts'
import { FragileBand } from './fragile-band.tsx'
import { Matrix } from './matrix.tsx'
import { ModeCard } from './mode-card.tsx'
import { WorkflowBranches } from './workflow-branches.tsx'
import { WorkflowMode } from './workflow-mode.tsx'
import { WorkflowNotices } from './workflow-notices.tsx'
import { WorkflowVersions } from './workflow-versions.tsx'

/** One workflow: who owns its cases first, then whether it is ready, then how it decides. */
export function WorkflowPage() {
  const { workflow: name } = useParams({ from: '/workflows/$workflow' })
  const workflows = useQuery(workflowsQuery)
  const matrix = useQuery(matrixQuery(name))
  const error = workflows.error ?? matrix.error
  const workflow = workflows.data?.workflows.find((one) => one.workflow === name)
  if (error) return <ProblemNotice error={error} onRetry={() => void matrix.refetch()} />
  if (!workflows.data || !matrix.data) return <Loader className="boot" aria-label="Loading the workflow" />
  if (workflow === undefined) {
    return (
      <EmptyState title="No such workflow">
        It may have been turned off. Go to <Link to="/workflows">Workflows</Link>.
      </EmptyState>
    )
  }
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link>
      </p>
      <Group justify="space-between" align="start" mb={6}>
        <h1 className="flush">{workflow.title}</h1>
        <Group gap={12}>
          <WorkflowMode workflow={workflow} />
          <Button className="not-printed" size="xs" variant="default" onClick={() => window.print()}>
            Print or save as PDF
          </Button>
        </Group>
      </Group>
      <Stack gap={14}>
        <div>
          {workflow.says && <Text maw="80ch">{workflow.says}</Text>}
          {workflow.ifWrongForTwoWeeks && (
            <Text maw="80ch" c="dimmed">
              If wrong for two weeks: {workflow.ifWrongForTwoWeeks}
            </Text>
          )}
        </div>
        <FragileBand workflow={workflow} matrix={matrix.data} />
        <Matrix matrix={matrix.data} />
        <div className="not-printed">
          <Stack gap={14}>
            <WorkflowNotices workflow={workflow} />
            {workflow.version && <ModeCard workflow={name} />}
            <WorkflowBranches workflow={name} />
          </Stack>
        </div>
        <WorkflowVersions workflow={name} />
        {workflow.explained && (
          <details className="not-printed">
            <summary>The full policy in plain English</summary>
            <pre>{workflow.explained}</pre>
          </details>
        )}
        <Foot workflow={workflow} />
      </Stack>
    </>
  )
}

/** Which version runs, over what. */
function Foot({ workflow }: { workflow: WorkflowView }) {
  return (
    <Group gap="4px 18px" c="dimmed">
      {workflow.open > 0 ? (
        <Link to="/cases" search={{ workflow: workflow.workflow }}>
          {plural(workflow.open, 'open case')}
        </Link>
      ) : (
        <span>No open cases</span>
      )}
      {workflow.objects.length > 0 && (
        <span>
          {workflow.objects.map(({ crm, object }) => `${crmName(crm)} ${objectLabel(object).toLowerCase()}`).join(', ')}
        </span>
      )}
      {workflow.hash && workflow.version && (
        <span>
          version {workflow.version.number} of {day(workflow.version.storedAt)}, policy{' '}
          <code title={workflow.hash}>{short(workflow.hash)}</code>
        </span>
      )}
    </Group>
  )
}
