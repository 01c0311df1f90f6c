import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { CaseReply, Fact } from '../../../src/api/cases/case-types.ts'
import { ago, due, exact, plural, say } from '../parts/format.ts'
import { OutIcon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { caseQuery } from '../server/api.ts'
import { useNow } from '../server/live.ts'
import { CaseList } from './case-list.tsx'
import { ClassBadge, Owner, PostureMark } from './case-marks.tsx'
import { FactTable } from './fact-table.tsx'
import { Receipt } from './receipt.tsx'

/** One case: what happened, why, who, what now; then everything that proves it. */
export function CasePage() {
  const { id } = useParams({ from: '/cases/$id' })
  const { data, error, refetch } = useQuery(caseQuery(id))
  if (!data) {
    return error ? (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <Loader className="boot" aria-label="Loading the case" />
    )
  }
  return (
    <article className="case">
      <p className="crumbs">
        <Link to="/cases">Cases</Link> / <span>{`No. ${data.id}`}</span>
      </p>
      <div className="case-glance">
        <ClassBadge name={data.class} />
        <Owner person={data.owner} />
        <PostureMark name={data.posture} />
      </div>
      <h1>{data.title}</h1>
      <p className="case-meta">
        <span>{say(data.pattern)}</span>
        <span>
          <Link to="/workflows">{data.workflowTitle}</Link>
        </span>
        <span>{data.connection.title}</span>
        <Out href={data.recordUrl}>{`Open the ${data.objectType.toLowerCase()} record`}</Out>
        {data.task && <Out href={data.task.url}>Open the task</Out>}
      </p>
      {error && <ProblemNotice error={error} />}
      <div className="case-columns">
        <div>
          <Answers found={data} />
          <Evidence facts={data.evidence} />
          {data.receipt && <Receipt receipt={data.receipt} />}
        </div>
        <aside aria-label="Task and history">
          <Task found={data} />
          <Involved found={data} />
          <History found={data} />
        </aside>
      </div>
      <SameTask found={data} />
    </article>
  )
}

function Answers({ found }: { found: CaseReply }) {
  const now = useNow()
  const late = due(found.dueAt, now)
  return (
    <section className="panel answers" aria-label="The case in short">
      <Answer question="What happened">
        <p>{found.what}</p>
        <p className="quiet">
          Found {ago(found.openedAt, now)} ({exact(found.openedAt)})
          {found.reopened > 0 && `, reopened ${plural(found.reopened, 'time')}`}
        </p>
      </Answer>
      <Answer question="Why it stopped here">
        <p>{found.wouldHave}</p>
        <p>
          {say(found.class)}: {found.classBecause}
        </p>
      </Answer>
      <Answer question="Whose it is">
        <p>
          {found.owner.name} <span className="quiet">{found.owner.email}</span>
        </p>
        {found.passedOver.length > 0 && (
          <p className="quiet">
            Passed over: {found.passedOver.map((person) => `${person.email} (${person.why})`).join(', ')}
          </p>
        )}
      </Answer>
      <Answer question="What now">
        {found.status === 'open' ? (
          <>
            <p className="todo">{found.todo}</p>
            <p className={late.late ? 'late' : 'quiet'}>
              {late.text.charAt(0).toUpperCase() + late.text.slice(1)} ({exact(found.dueAt)})
            </p>
          </>
        ) : (
          <p>{closedSays(found)}</p>
        )}
      </Answer>
    </section>
  )
}

function closedSays(found: CaseReply): string {
  const when = found.resolvedAt ? ` on ${exact(found.resolvedAt)}` : ''
  if (found.status === 'settled-by-rule') return `Nothing: the rule "${found.settledByRule ?? '?'}" settled it${when}.`
  return `Nothing: ${found.resolution ? say(found.resolution) : 'resolved'}${when}.`
}

function Answer({ question, children }: { question: string; children: ReactNode }) {
  return (
    <div className="answer">
      <h2>{question}</h2>
      <div>{children}</div>
    </div>
  )
}

function Evidence({ facts }: { facts: readonly Fact[] }) {
  if (facts.length === 0) return null
  return (
    <section className="panel" aria-labelledby="evidence">
      <h2 id="evidence">Evidence</h2>
      <FactTable facts={facts} />
    </section>
  )
}

function Task({ found }: { found: CaseReply }) {
  const { task } = found
  return (
    <section className="panel" aria-labelledby="task">
      <h2 id="task">Task</h2>
      {task ? (
        <>
          {found.causeTitle && <p>{found.causeTitle}</p>}
          <dl className="facts">
            <dt>State</dt>
            <dd>
              {task.status === 'open' ? 'Open' : `Done${task.closedBy ? `, by ${task.closedBy}` : ''}`}
              {!task.written && ', on its way to the CRM'}
            </dd>
            <dt>Owner</dt>
            <dd>{task.owner.name}</dd>
            <dt>Due</dt>
            <dd>{exact(task.dueAt)}</dd>
          </dl>
          {task.reopened > 0 && (
            <p>
              Reopened {plural(task.reopened, 'time')}. {task.reopenReason}
            </p>
          )}
          <Out href={task.url}>{`Open in ${found.connection.title}`}</Out>
        </>
      ) : (
        <p className="quiet">
          {found.status === 'settled-by-rule' ? 'A rule decided, so nobody was asked.' : 'No task has been written.'}
        </p>
      )}
    </section>
  )
}

function Involved({ found }: { found: CaseReply }) {
  if (found.involves.length === 0) return null
  return (
    <section className="panel" aria-labelledby="involved">
      <h2 id="involved">Also involved</h2>
      <ul className="plain">
        {found.involves.map((ref) => (
          <li key={`${ref.objectType}/${ref.recordId}`}>
            {ref.url ? (
              <Out href={ref.url}>{`${ref.objectType} ${ref.recordId}`}</Out>
            ) : (
              `${ref.objectType} ${ref.recordId}`
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function History({ found }: { found: CaseReply }) {
  return (
    <section className="panel" aria-labelledby="history">
      <h2 id="history">History</h2>
      {found.history.length === 0 && <p className="quiet">The ledger has no entry for this record yet.</p>}
      <ol className="history">
        {found.history.map((entry) => (
          <li key={entry.seq}>
            <p>
              <strong>{say(entry.kind)}</strong> <span className="quiet">by {entry.actor}</span>
            </p>
            {entry.says && <p>{entry.says}</p>}
            <p className="quiet">
              {exact(entry.at)}, ledger no. {entry.seq}
            </p>
          </li>
        ))}
      </ol>
    </section>
  )
}

function SameTask({ found }: { found: CaseReply }) {
  if (found.sameTask.length === 0) return null
  return (
    <section aria-labelledby="same-task">
      <h2 id="same-task">{plural(found.sameTask.length + found.sameTaskMore, 'other case')} on the same task</h2>
      <CaseList cases={found.sameTask} label="Cases on the same task" />
      {found.sameTaskMore > 0 && <p className="quiet">And {plural(found.sameTaskMore, 'more case')}.</p>}
    </section>
  )
}

function Out({ href, children }: { href: string | null; children: string }) {
  if (!href) return null
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" className="out">
      {children}
      <OutIcon />
      <span className="visually-hidden"> (opens a new tab)</span>
    </a>
  )
}
