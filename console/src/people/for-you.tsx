import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import type { AnswerRequest, JobView, PeopleReply } from '../../../src/api/people/people-types.ts'
import { exact, number } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { usePeopleAct } from './use-people-act.ts'
import { useWanted } from './use-wanted.ts'

/** Jobs that wait for your answer: the first thing on the page, and on a phone all of it. */
export function ForYou({ people }: { people: PeopleReply }) {
  const you = people.people.find(({ isYou }) => isYou)
  const waiting = you?.jobs.filter(({ state, isToConfirm }) => state === 'offered' || isToConfirm) ?? []
  if (waiting.length === 0) return null
  return (
    <section aria-labelledby="for-you">
      <h2 id="for-you" className="section">
        Waiting for your answer
      </h2>
      <Stack gap="sm">
        {waiting.map((job) => (
          <Offer key={job.id} job={job} />
        ))}
      </Stack>
    </section>
  )
}

function Offer({ job }: { job: JobView }) {
  const answer = usePeopleAct<AnswerRequest>(`/jobs/${job.id}/answer`)
  const [yes, no] = job.isToConfirm ? (['confirm', 'give-back'] as const) : (['accept', 'decline'] as const)
  const heading = `offer-${job.id}`
  const wanted = useWanted<HTMLElement>(useSearch({ from: '/people' }).job === String(job.id))
  return (
    <Paper component="article" aria-labelledby={heading} className="offer" {...wanted}>
      <Stack gap={8}>
        <Text renderRoot={(props) => <h3 {...props} />} id={heading} fz={17} fw={640}>
          {job.isToConfirm ? `Are you still ${job.title}` : `Will you be ${job.title}`} of {job.workflowTitle}?
        </Text>
        <p>
          {job.question}
          {job.minutesAWeek !== null && ` It takes about ${number(job.minutesAWeek)} minutes a week (assumed).`}
        </p>
        <p className="quiet">
          {job.isToConfirm
            ? 'You keep the job while this waits.'
            : `Asked by ${job.offeredBy} on ${exact(job.offeredAt)}. Until you accept, you have no part in it.`}
          {job.answerBy && ` Vacant without an answer by ${exact(job.answerBy)}.`}
        </p>
        {answer.error && <ProblemNotice error={answer.error} />}
        <Group gap={8} className="offer-buttons">
          <Button size="md" loading={answer.isPending} onClick={() => answer.mutate({ answer: yes })}>
            {job.isToConfirm ? 'Confirm' : 'Accept'}
          </Button>
          <Button size="md" variant="default" disabled={answer.isPending} onClick={() => answer.mutate({ answer: no })}>
            {job.isToConfirm ? 'Give it back' : 'Decline'}
          </Button>
        </Group>
        {!job.isToConfirm && <Notice>{`If you decline: ${job.without}`}</Notice>}
      </Stack>
    </Paper>
  )
}
