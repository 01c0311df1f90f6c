import { Link } from '@tanstack/react-router'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { day, labelOf } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import { StillDeciding } from '../parts/still-deciding.tsx'
import { WorkflowBacklog } from './workflow-backlog.tsx'

/** Everything that keeps a workflow from doing what its mode says, the worst first. */
export function WorkflowNotices({ workflow }: { workflow: WorkflowView }) {
  return (
    <>
      {workflow.loadError && <LoadErrors loadError={workflow.loadError} version={workflow.version} />}
      {workflow.problems.length > 0 && <NotReady {...workflow} />}
      <Limits limits={workflow.limits} />
      <StillDeciding records={workflow.recordsToDecide} what="Its open cases change" />
      <WorkflowBacklog {...workflow} />
      {workflow.standing.length > 0 && <Standing {...workflow} />}
    </>
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

function NotReady({ workflow, problems, effectiveMode }: WorkflowView) {
  return (
    <Notice tone="warn" title={titleOf(problems, effectiveMode)}>
      {problems.map(({ job, email, problem, step, without }) => (
        <div key={`${job}/${email}/${problem}`}>
          <p>
            <strong>{labelOf(job)}:</strong> {email !== null && !problem.includes(email) && `${email} `}
            {problem}
          </p>
          {without && <p>{without}</p>}
          {step && <p className="quiet">{step}</p>}
        </div>
      ))}
      {problems.some(({ kind }) => kind !== 'in-doubt') && (
        <Link to="/people" search={{ workflow }}>
          Go to its jobs on People
        </Link>
      )}
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
  const ends = problems.flatMap(({ writesEndAt }) => writesEndAt ?? [])
  const now = new Date().toISOString()
  if (ends.some((end) => end <= now)) return 'Not live in every connection'
  if (ends.length > 0) return `Automated changes stop on ${ends.toSorted()[0]!.slice(0, 10)}`
  return problems.some(({ kind }) => kind === 'left') ? 'A reviewer left' : 'A person is being checked'
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
