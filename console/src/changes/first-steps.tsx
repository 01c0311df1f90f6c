import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { FirstStepsReply, StarterReply } from '../../../src/api/changes/try-types.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { firstStepsQuery } from './try-queries.ts'

/** From a connected CRM to the first workflow in force: what is done and what comes next. Nothing once one is in force. */
export function FirstSteps() {
  const { data, error } = useQuery(firstStepsQuery)
  if (error) return <ProblemNotice error={error} />
  if (data === undefined) return null
  if (data.isDone) return <Unwatched connections={data.connections} />
  return (
    <Paper component="section" aria-labelledby="first-steps" mb="sm">
      <Stack gap="sm">
        <div>
          <Text renderRoot={(props) => <h2 {...props} />} id="first-steps" fz={16} fw={640}>
            Nothing is watched yet
          </Text>
          <p>
            Start with a draft made from your own CRM. It only reports cases, and it starts when two people publish it.
          </p>
        </div>
        <ol className="first-steps">
          <Connect steps={data} />
          <Take steps={data} />
          <TryIt draft={data.draft} />
          <NamePeople draft={data.draft} />
          <Publish draft={data.draft} />
        </ol>
      </Stack>
    </Paper>
  )
}

type Connections = FirstStepsReply['connections']
type Draft = FirstStepsReply['draft']

/** A CRM that was connected later: workflows run, and none is about it. */
function Unwatched({ connections }: { connections: Connections }) {
  const left = connections.filter(({ isWatched }) => !isWatched)
  if (left.length === 0) return null
  return (
    <Notice title={`No workflow watches ${left.map(({ title }) => title).join(' and ')}`}>
      <p>Start with a draft made from it. It only reports cases, and it starts when two people publish it.</p>
      <TakeButtons connections={left} />
    </Notice>
  )
}

function TakeButtons({ connections }: { connections: Connections }) {
  const take = useMutation({
    mutationFn: (connectionId: string) => send<StarterReply>('/api/console/changes/starter', { connectionId }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const ready = connections.filter(({ isRead }) => isRead)
  return (
    <>
      <Group gap={8} mt={6}>
        {ready.map(({ id, title }) => (
          <Button key={id} size="xs" loading={take.isPending && take.variables === id} onClick={() => take.mutate(id)}>
            Take the draft for {title}
          </Button>
        ))}
      </Group>
      {ready.length === 0 && connections.length > 0 && (
        <p className="quiet">
          Ready when Lanekeeper has read which fields each object has. In a large CRM that takes some minutes.
        </p>
      )}
      {take.error && <ProblemNotice error={take.error} />}
    </>
  )
}

function Step({ title, isDone, children }: { title: string; isDone: boolean; children?: ReactNode }) {
  return (
    <li>
      <Text fw={600} renderRoot={(props) => <span {...props} />}>
        {title}
      </Text>
      {isDone && <span className="quiet"> Done</span>}
      {children}
    </li>
  )
}

function Connect({ steps: { connections } }: { steps: FirstStepsReply }) {
  const importing = connections.filter(({ isImporting }) => isImporting).map(({ title }) => title)
  return (
    <Step title="Connect a CRM" isDone={connections.length > 0}>
      {connections.length === 0 && (
        <div>
          <Link to="/connections/new">Connect a CRM</Link>
        </div>
      )}
      {importing.length > 0 && (
        <div className="quiet">
          {importing.join(' and ')}: the import is still running. Figures grow until it is done.
        </div>
      )}
    </Step>
  )
}

function Take({ steps: { connections, draft } }: { steps: FirstStepsReply }) {
  const left = connections.filter(({ isWatched }) => !isWatched)
  return (
    <Step title="Take a draft" isDone={draft !== null}>
      {draft === null ? (
        <div>It looks for owners who left, records with two owners, and blank required fields.</div>
      ) : (
        <div className="quiet">{draft.title}</div>
      )}
      {left.length > 0 && <TakeButtons connections={left} />}
    </Step>
  )
}

function TryIt({ draft }: { draft: Draft }) {
  return (
    <Step title="Try it on your records" isDone={draft?.wasTried === true}>
      {draft?.hasErrors && <div>The draft has errors. Correct them on the page Changes first.</div>}
      {draft !== null && !draft.wasTried && !draft.hasErrors && (
        <div>
          <Link to="/changes">Try it on the page Changes</Link>. You see the cases it would open. Nothing is saved.
        </div>
      )}
    </Step>
  )
}

function NamePeople({ draft }: { draft: Draft }) {
  const isDone = draft?.hasBoundary === true && draft.hasSecond
  return (
    <Step title="Name people for its jobs" isDone={isDone}>
      {draft !== null && !isDone && (
        <div>
          {missing(draft)} <Link to="/people">Name them on the page People</Link>
          {draft.offered > 0 &&
            `. ${draft.offered} ${draft.offered === 1 ? 'offer waits' : 'offers wait'} for an answer`}
          .
        </div>
      )}
    </Step>
  )
}

function missing({ hasBoundary, hasSecond }: NonNullable<Draft>): string {
  if (!hasBoundary && !hasSecond) return 'A boundary owner and a second person must each accept a job.'
  if (!hasBoundary) return 'A boundary owner must accept the job.'
  return 'A second person, who did not write the draft, must accept a job.'
}

function Publish({ draft }: { draft: Draft }) {
  const given = draft?.approvals ?? 0
  return (
    <Step title="Two people approve it" isDone={draft?.isApproved === true}>
      {draft?.isApproved === true ? (
        <div className="quiet">It comes into force in a few seconds.</div>
      ) : (
        draft !== null && (
          <div>
            {given === 0 ? 'No approval yet.' : `${given} of 2 approvals.`}{' '}
            <Link to="/changes">Approve it on the page Changes</Link>.
          </div>
        )
      )}
    </Step>
  )
}
