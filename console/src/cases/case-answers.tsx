import { Paper } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { CaseReply } from '../../../src/api/cases/case-types.ts'
import { ago, day, due, exact, labelOf, plural } from '../parts/format.ts'
import { useNow } from '../server/live.ts'

/** The four questions that every case answers. */
export function CaseAnswers({ found }: { found: CaseReply }) {
  const now = useNow()
  return (
    <Paper component="section" py={4} aria-label="Summary">
      <Answer question="What happened">
        <p>{found.what}</p>
        <p className="quiet small">
          Found {ago(found.openedAt, now)} ({exact(found.openedAt)})
          {found.reopened > 0 && `, reopened ${plural(found.reopened, 'time')}`}
        </p>
        {found.changed && <Changed changed={found.changed} />}
        {found.upgrade && <ByUpgrade upgrade={found.upgrade} />}
      </Answer>
      <Answer question="Why it needs attention">
        {found.wouldHave && <p>{byItself(found.wouldHave)}</p>}
        <p>
          {labelOf(found.class)}: {found.classBecause}
        </p>
      </Answer>
      <Answer question="Who owns it">
        <p>
          {found.owner.name} <span className="quiet">{found.owner.email}</span>
        </p>
        {found.passedOver.length > 0 && (
          <p className="quiet small">
            Passed over: {found.passedOver.map((person) => `${person.name} (${person.why})`).join(', ')}
          </p>
        )}
      </Answer>
      <Answer question="What to do">
        <ToDo found={found} now={now} />
      </Answer>
    </Paper>
  )
}

/** What a person who knows the case from before has to know now. */
function Changed({ changed: { at, facts } }: { changed: NonNullable<CaseReply['changed']> }) {
  return (
    <p className="small">
      Changed {exact(at)}:{' '}
      {facts.map(({ label, before, after }) => `${label} from ${before ?? 'blank'} to ${after ?? 'blank'}`).join('; ')}
    </p>
  )
}

/** The record did not change: somebody who looks for what did must learn that it was Lanekeeper. */
function ByUpgrade({ upgrade }: { upgrade: NonNullable<CaseReply['upgrade']> }) {
  const { change, at, classBefore, isUnderWay } = upgrade
  return (
    <p className="small">
      {DONE[change]}
      {change === 'changed' && classBefore && ` (it was ${labelOf(classBefore).toLowerCase()})`} by the{' '}
      <Link to="/upgrades">upgrade of {exact(at)}</Link>: this version of Lanekeeper reads values differently. The
      record itself did not change.
      {isUnderWay && ' Its task waits for the report of the upgrade.'}
    </p>
  )
}

const DONE = {
  opened: 'Opened',
  closed: 'Closed',
  changed: 'Moved to another class',
  'asked-again': 'Opened again',
} as const

function Answer({ question, children }: { question: string; children: ReactNode }) {
  return (
    <div className="answer">
      <h2 className="quiet">{question}</h2>
      <div>{children}</div>
    </div>
  )
}

function ToDo({ found, now }: { found: CaseReply; now: number }) {
  if (found.status !== 'open') return <p>{closing(found)}</p>
  const { text, late } = due(found.dueAt, now)
  return (
    <>
      <p>
        <strong>{found.todo}</strong>
      </p>
      <p className={late ? 'late small' : 'quiet small'}>
        {labelOf(text)} ({exact(found.dueAt)})
      </p>
    </>
  )
}

function closing(found: CaseReply): string {
  const when = found.resolvedAt ? `, ${exact(found.resolvedAt)}` : ''
  if (found.status === 'settled-by-rule') {
    return `No action needed: fixed by rule "${found.settledByRule ?? '?'}"${when}${marked(found.settledMark)}`
  }
  return `No action needed. ${found.resolution ? labelOf(found.resolution) : 'Closed'}${when}`
}

function marked(mark: CaseReply['settledMark']): string {
  if (mark === null) return ''
  const who = mark.by.length === 0 ? 'from before people marked rules' : `by ${mark.by.join(' and ')}`
  return `. The rule was marked for this ${who}, until ${day(mark.endsAt)}`
}

/** "Nothing: ..." below "Why it needs attention" would read as if nothing did. */
function byItself(wouldHave: string): string {
  return wouldHave.replace(/^Nothing: /, 'Lanekeeper writes nothing by itself here: ')
}
