import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AnsweredBy, WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { plural, say, short } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { workflowsQuery } from '../server/api.ts'

export function WorkflowsPage() {
  const { data, error, refetch } = useQuery(workflowsQuery)
  return (
    <>
      <h1>Workflows</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading workflows" />}
      {data?.workflows.length === 0 && (
        <EmptyState title="No workflow yet">
          Each file under <code>config/workflows</code> is one. Add a file and start again.
        </EmptyState>
      )}
      {data?.workflows.map((workflow) => (
        <Workflow key={workflow.workflow} workflow={workflow} />
      ))}
    </>
  )
}

function Workflow({ workflow }: { workflow: WorkflowView }) {
  const id = `workflow-${workflow.workflow}`
  return (
    <section className="panel workflow" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{workflow.title}</h2>
        <Mode workflow={workflow} />
      </div>
      {workflow.loadError && (
        <div className="notice notice-stop">
          <p className="notice-title">Refused: the policy file has to be corrected</p>
          {workflow.loadError.errors.map((problem) => (
            <p key={`${problem.line}/${problem.field}/${problem.message}`}>
              <code>
                {workflow.loadError?.file}
                {problem.line !== null && `:${problem.line}`}
              </code>
              {problem.field && (
                <>
                  {' '}
                  <strong>{problem.field}</strong>
                </>
              )}{' '}
              {problem.message}
            </p>
          ))}
        </div>
      )}
      {workflow.problems.length > 0 && (
        <div className="notice notice-warn">
          <p className="notice-title">Not ready</p>
          {workflow.problems.map((problem) => (
            <p key={`${problem.job}/${problem.email}/${problem.problem}`}>
              <strong>{say(problem.job)}</strong>
              {problem.email && ` ${problem.email}`}: {problem.problem}
            </p>
          ))}
        </div>
      )}
      {workflow.says && (
        <div className="workflow-says">
          <p>{workflow.says}</p>
          <p className="quiet">If it is wrong for two weeks: {workflow.ifWrongForTwoWeeks}</p>
        </div>
      )}
      {workflow.answers.length > 0 && (
        <dl className="who">
          {workflow.answers.map((answer) => (
            <div key={answer.question}>
              <dt>{answer.question}</dt>
              {answer.groups.map((group) => (
                <dd key={group.note}>
                  {group.people.length === 0 ? (
                    <span className="late">Nobody</span>
                  ) : (
                    group.people.map((person) => <Answering key={person.email} person={person} />)
                  )}
                  {group.note && <span className="quiet">{group.note}</span>}
                </dd>
              ))}
            </div>
          ))}
        </dl>
      )}
      {workflow.branches.length > 0 && (
        <table className="branches">
          <caption>Where rules win</caption>
          <thead>
            <tr>
              <th scope="col">Branch</th>
              <th scope="col">Decided by</th>
              <th scope="col">Because</th>
            </tr>
          </thead>
          <tbody>
            {workflow.branches.map((branch) => (
              <tr key={branch.branch}>
                <th scope="row">{branch.branch}</th>
                <td>{branch.mode === 'rules' ? plural(branch.rules, 'rule') : say(branch.mode)}</td>
                <td>{branch.because}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {workflow.explained && (
        <details className="explained">
          <summary>The whole policy in plain English</summary>
          <pre>{workflow.explained}</pre>
        </details>
      )}
      <p className="quiet workflow-foot">
        {workflow.open > 0 ? (
          <Link to="/cases" search={{ workflow: workflow.workflow }}>
            {plural(workflow.open, 'open case')}
          </Link>
        ) : (
          'No open cases'
        )}
        {workflow.objects.length > 0 && <span>{workflow.objects.join(', ')}</span>}
        {workflow.hash && (
          <span>
            policy <code title={workflow.hash}>{short(workflow.hash)}</code>
          </span>
        )}
      </p>
    </section>
  )
}

function Mode({ workflow }: { workflow: WorkflowView }) {
  if (workflow.loadError) return <span className="mode mode-off">Does not run</span>
  const { mode, effectiveMode } = workflow
  return (
    <span className={`mode mode-${effectiveMode}`}>
      {say(effectiveMode)}
      {mode !== effectiveMode && <span className="quiet"> instead of {mode}</span>}
    </span>
  )
}

function Answering({ person }: { person: AnsweredBy }) {
  const trouble = !person.known
    ? 'unknown in every CRM'
    : !person.active
      ? 'no longer active'
      : person.accepted === null
        ? 'has not accepted'
        : null
  return (
    <span className="answering" title={person.accepted ? `${person.email}, accepted ${person.accepted}` : person.email}>
      {person.name}
      {trouble && <span className="late"> ({trouble})</span>}
    </span>
  )
}
