import { Badge, Group, Loader, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { crmName } from '../connect/crms.ts'
import { labelOf, objectLabel, plural, short } from '../parts/format.ts'
import { EmptyState, Notice, ProblemNotice } from '../parts/notices.tsx'
import { workflowsQuery } from '../server/api.ts'
import { WorkflowBranches } from './workflow-branches.tsx'
import { WorkflowPeople } from './workflow-people.tsx'

export function WorkflowsPage() {
  const { data, error, refetch } = useQuery(workflowsQuery)
  return (
    <>
      <h1>Workflows</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading workflows" />}
      {data?.workflows.length === 0 && (
        <EmptyState title="No workflows yet">
          Add a policy file to <code>config/workflows</code> and restart Lanekeeper.
        </EmptyState>
      )}
      <Stack gap={14}>
        {data?.workflows.map((workflow) => (
          <Workflow key={workflow.workflow} workflow={workflow} />
        ))}
      </Stack>
    </>
  )
}

function Workflow({ workflow }: { workflow: WorkflowView }) {
  const id = `workflow-${workflow.workflow}`
  return (
    <Paper component="section" aria-labelledby={id}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Text renderRoot={(props) => <h2 {...props} />} id={id} fz={16} fw={640}>
            {workflow.title}
          </Text>
          <Mode workflow={workflow} />
        </Group>
        {workflow.loadError && <LoadErrors loadError={workflow.loadError} />}
        {workflow.problems.length > 0 && <NotReady {...workflow} />}
        {workflow.says && <Text maw="80ch">{workflow.says}</Text>}
        {workflow.ifWrongForTwoWeeks && (
          <Text maw="80ch" c="dimmed">
            Risk if this breaks: {workflow.ifWrongForTwoWeeks}
          </Text>
        )}
        <WorkflowPeople answers={workflow.answers} />
        <WorkflowBranches branches={workflow.branches} />
        {workflow.explained && (
          <details>
            <summary>The full policy in plain English</summary>
            <pre>{workflow.explained}</pre>
          </details>
        )}
        <Foot workflow={workflow} />
      </Stack>
    </Paper>
  )
}

function LoadErrors({ loadError: { file, errors } }: { loadError: NonNullable<WorkflowView['loadError']> }) {
  return (
    <Notice tone="stop" title="This workflow does not run: fix its policy file and restart Lanekeeper">
      {errors.map(({ line, field, message }) => (
        <p key={`${line}/${field}/${message}`}>
          <code>{line === null ? file : `${file}:${line}`}</code> {field && <strong>{field}</strong>} {message}
        </p>
      ))}
    </Notice>
  )
}

function NotReady({ problems, effectiveMode }: Pick<WorkflowView, 'problems' | 'effectiveMode'>) {
  return (
    <Notice tone="warn" title={effectiveMode === 'live' ? 'A person is being checked' : 'Not ready to go live'}>
      {problems.map(({ job, email, problem }) => (
        <p key={`${job}/${email}/${problem}`}>
          <strong>{labelOf(job)}:</strong> {email} {problem}
        </p>
      ))}
    </Notice>
  )
}

const MODE_COLORS: Readonly<Record<string, string>> = { live: 'green.7', pilot: 'yellow.7', observe: 'yellow.7' }

function Mode({ workflow: { loadError, mode, effectiveMode } }: { workflow: WorkflowView }) {
  const text = loadError ? 'Does not run' : labelOf(effectiveMode)
  return (
    <Badge variant="dot" bd={0} color={loadError ? 'red.7' : (MODE_COLORS[effectiveMode] ?? 'gray.6')}>
      {text}
      {!loadError && mode !== effectiveMode && ` (set to ${mode})`}
    </Badge>
  )
}

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
      {workflow.hash && (
        <span>
          policy <code title={workflow.hash}>{short(workflow.hash)}</code>
        </span>
      )}
    </Group>
  )
}
