import { Button, Group } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { AnswerRequest, JobView, Told } from '../../../src/api/people/people-types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { day, exact, number } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { OutLink } from '../parts/out-link.tsx'
import { usePeopleAct } from './use-people-act.ts'
import { useWanted } from './use-wanted.ts'
import { capital } from './vacant-jobs.tsx'

/** A job that somebody holds or is asked to take. */
export function OpenJob({ job, isYours }: { job: JobView; isYours: boolean }) {
  const search = useSearch({ from: '/people' })
  // What waits for one's own answer stands at the top of the page.
  const isAtTop = isYours && (job.state === 'offered' || job.isToConfirm)
  const wanted = useWanted<HTMLLIElement>(!isAtTop && search.job === String(job.id))
  return (
    <li {...wanted}>
      <Group justify="space-between" gap="2px 10px" align="flex-start">
        <div className="vacancy-text">
          <strong>{capital(job.title)}</strong> <span className="quiet">of {job.workflowTitle}</span>
          <p className="quiet small">
            {standing(job)}
            {job.minutesAWeek !== null && `. About ${number(job.minutesAWeek)} min a week (assumed)`}
          </p>
          {job.told.map((told) => (
            <p key={told.by} className="quiet small">
              <ToldLine told={told} />
            </p>
          ))}
        </div>
        {isYours && job.state === 'accepted' && <GiveBack job={job} />}
      </Group>
    </li>
  )
}

function standing(job: JobView): string {
  const answer = job.answerBy === null ? '' : `, vacant without an answer by ${exact(job.answerBy)}`
  if (job.state === 'offered') {
    return `Asked by ${job.offeredBy} on ${day(job.offeredAt)}${job.remindedAt === null ? '' : `, reminded on ${day(job.remindedAt)}`}${answer}`
  }
  const since = job.acceptedAt === null ? '' : `Accepted ${day(job.acceptedAt)}`
  if (job.isToConfirm) return `${since}, to be confirmed${answer}`
  return job.confirmBy === null ? since : `${since}, to be confirmed by ${day(job.confirmBy)}`
}

function ToldLine({ told }: { told: Told }) {
  if (told.by === 'hand') return <span className="late">Not told: no CRM user and no mail. Tell them yourself.</span>
  if (told.by === 'task') {
    if (told.url === null) return `Task ${told.isWritten ? '' : 'being written '}in ${told.where}`
    return (
      <>
        <OutLink href={told.url}>Task</OutLink> in {told.where}
      </>
    )
  }
  if (told.sentAt !== null) return `Mailed to ${told.address} on ${exact(told.sentAt)}`
  return told.error === null ? `Mail to ${told.address} goes out soon` : <span className="late">{told.error}</span>
}

function GiveBack({ job }: { job: JobView }) {
  const [isAsking, setAsking] = useState(false)
  const give = usePeopleAct<AnswerRequest>(`/jobs/${job.id}/answer`, () => setAsking(false))
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        onClick={() => setAsking(true)}
        aria-label={`Give back: ${job.title} of ${job.workflowTitle}`}
      >
        Give back
      </Button>
      <Dialog
        title={`Give back ${job.title} of ${job.workflowTitle}?`}
        opened={isAsking}
        onClose={() => setAsking(false)}
      >
        <p>The job is vacant until somebody else accepts it. {job.without}</p>
        {give.error && <ProblemNotice error={give.error} />}
        <Group gap={8} mt="md">
          <Button loading={give.isPending} onClick={() => give.mutate({ answer: 'give-back' })}>
            Give it back
          </Button>
          <Button variant="default" onClick={() => setAsking(false)}>
            Keep it
          </Button>
        </Group>
      </Dialog>
    </>
  )
}

/** A job that is over, and why. */
export function PastJob({ job }: { job: JobView }) {
  return (
    <li className="small">
      {capital(job.title)} <span className="quiet">of {job.workflowTitle}</span>
      <p className="quiet">
        {job.acceptedAt === null ? `Asked ${day(job.offeredAt)}` : `Accepted ${day(job.acceptedAt)}`}
        {job.endedAt && `, ended ${day(job.endedAt)}`}
        {job.endedBecause && `: ${job.endedBecause}`}
      </p>
    </li>
  )
}
