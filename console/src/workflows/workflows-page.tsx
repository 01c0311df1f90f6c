import { Badge, Group, Loader, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { crmName } from '../connect/crms.ts'
import { day, labelOf, objectLabel, plural, short } from '../parts/format.ts'
import { EmptyState, Notice, ProblemNotice } from '../parts/notices.tsx'
import { StillDeciding } from '../parts/still-deciding.tsx'
import { workflowsQuery } from '../server/api.ts'
import { WorkflowBacklog } from './workflow-backlog.tsx'
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
      <p>
        <Link to="/upgrades">What upgrades of Lanekeeper changed</Link>
      </p>
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
        {workflow.loadError && <LoadErrors loadError={workflow.loadError} version={workflow.version} />}
        {workflow.problems.length > 0 && <NotReady {...workflow} />}
        <Limits limits={workflow.limits} />
        <StillDeciding records={workflow.recordsToDecide} what="Its open cases change" />
        <WorkflowBacklog {...workflow} />
        {workflow.standing.length > 0 && <Standing {...workflow} />}
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

type LoadErrorsProps = { loadError: NonNullable<WorkflowView['loadError']>; version: WorkflowView['version'] }

function LoadErrors({ loadError: { file, errors }, version }: LoadErrorsProps) {
  const title =
    version === null
      ? 'This workflow does not run: fix its policy file and restart Lanekeeper'
      : `The policy file has errors: version ${version.number} of ${day(version.storedAt)} keeps running`
  return (
    <Notice tone={version === null ? 'stop' : 'warn'} title={title}>
      {errors.map(({ line, field, message }) => (
        <p key={`${line}/${field}/${message}`}>
          <code>{line === null ? file : `${file}:${line}`}</code> {field && <strong>{field}</strong>} {message}
        </p>
      ))}
      {version !== null && <p>Fix the file and restart Lanekeeper to run it.</p>}
    </Notice>
  )
}

function NotReady({ problems, effectiveMode }: Pick<WorkflowView, 'problems' | 'effectiveMode'>) {
  return (
    <Notice tone="warn" title={titleOf(problems, effectiveMode)}>
      {problems.map(({ job, email, problem, step }) => (
        <div key={`${job}/${email}/${problem}`}>
          <p>
            <strong>{labelOf(job)}:</strong> {email !== null && !problem.includes(email) && `${email} `}
            {problem}
          </p>
          {step && <p className="quiet">{step}</p>}
        </div>
      ))}
    </Notice>
  )
}

/** What keeps it from doing all that its mode says. */
function Limits({ limits }: { limits: WorkflowView['limits'] }) {
  if (limits.length === 0) return null
  return (
    <Notice tone="warn" title="Not fully running">
      {limits.map((limit) => (
        <p key={limit}>{limit}</p>
      ))}
    </Notice>
  )
}

function titleOf(problems: WorkflowView['problems'], effectiveMode: string): string {
  if (effectiveMode !== 'live') return 'Not ready to go live'
  return problems.some(({ kind }) => kind !== 'in-doubt') ? 'Not live in every connection' : 'A person is being checked'
}

function Standing({ standing }: Pick<WorkflowView, 'standing'>) {
  const isWaiting = standing.some(({ state }) => state === 'waits')
  return (
    <Notice tone="info" title={isWaiting ? 'Waits for an import' : 'An import is running'}>
      {standing.map(({ connectionId, says }) => (
        <p key={`${connectionId}/${says}`}>{says}</p>
      ))}
    </Notice>
  )
}

const MODE_COLORS: Readonly<Record<string, string>> = { live: 'green.7', pilot: 'yellow.7', observe: 'yellow.7' }

/** Green only where it does all that its mode says. */
function Mode({ workflow }: { workflow: WorkflowView }) {
  const { version, mode, effectiveMode, problems, limits, standing } = workflow
  if (version === null) {
    return (
      <Badge variant="dot" bd={0} color="red.7">
        Does not run
      </Badge>
    )
  }
  const isLimited = problems.length > 0 || limits.length > 0 || standing.length > 0
  return (
    <Badge variant="dot" bd={0} color={isLimited ? 'yellow.7' : (MODE_COLORS[effectiveMode] ?? 'gray.6')}>
      {labelOf(effectiveMode)}
      {mode !== effectiveMode && ` (set to ${mode})`}
      {effectiveMode === 'live' && isLimited && ', limited'}
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
      {workflow.hash && workflow.version && (
        <span>
          version {workflow.version.number} of {day(workflow.version.storedAt)}, policy{' '}
          <code title={workflow.hash}>{short(workflow.hash)}</code>
        </span>
      )}
    </Group>
  )
}
