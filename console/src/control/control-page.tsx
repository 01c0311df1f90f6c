import { Loader, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ControlReply, Pausable } from '../../../src/api/control/control-types.ts'
import { exact } from '../parts/format.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { controlQuery } from '../server/api.ts'
import { PausableCard } from './pausable-card.tsx'
import { PausePage } from './pause-page.tsx'
import { PausedCard } from './paused-card.tsx'
import { RequestCard } from './request-card.tsx'

export function ControlPage() {
  const { data, error, refetch } = useQuery(controlQuery)
  return (
    <div className="control">
      <h1>Control</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading control" />}
      {data && <Control control={data} />}
    </div>
  )
}

function Control({ control }: { control: ControlReply }) {
  const { onlyPauses, workflows, connections, paused, requests, ended } = control
  return (
    <>
      {paused.length > 0 && (
        <Stack component="section" gap={14} aria-label="Paused now">
          {paused.map((pause) => (
            <PausedCard key={pause.id} pause={pause} />
          ))}
        </Stack>
      )}
      {requests.length > 0 && (
        <section aria-labelledby="asked">
          <h2 className="second" id="asked">
            Pauses asked for
          </h2>
          <Stack gap={14}>
            {requests.map((request) => (
              <RequestCard key={request.id} request={request} />
            ))}
          </Stack>
        </section>
      )}
      {workflows.length + connections.length === 0 && (
        <EmptyState title={onlyPauses ? 'Nothing here is yours to pause' : 'No workflow runs'}>
          {onlyPauses ? 'Sign in to see who may.' : 'Once a workflow is in force, it can be paused here.'}
        </EmptyState>
      )}
      <Pausables id="workflows" title="Workflows" all={workflows} />
      <Pausables id="connections" title="Connections" all={connections} />
      {!onlyPauses && [...workflows, ...connections].some(({ may }) => may === 'pause') && <PausePage />}
      <Ended ended={ended} />
    </>
  )
}

function Pausables({ id, title, all }: { id: string; title: string; all: readonly Pausable[] }) {
  if (all.length === 0) return null
  return (
    <section aria-labelledby={id}>
      <h2 className="second" id={id}>
        {title}
      </h2>
      <Stack gap={14}>
        {all.map((one) => (
          <PausableCard key={one.title} pausable={one} />
        ))}
      </Stack>
    </section>
  )
}

function Ended({ ended }: Pick<ControlReply, 'ended'>) {
  if (ended.length === 0) return null
  return (
    <section aria-labelledby="ended">
      <h2 className="second" id="ended">
        Earlier pauses
      </h2>
      <ul className="ended-pauses">
        {ended.map(({ id, title, by, at, endedAt, endedBy, reason }) => (
          <li key={id}>
            <strong>{title}</strong>{' '}
            <span className="quiet">
              paused {exact(at)} by {by ?? 'Lanekeeper'}, resumed {endedAt && exact(endedAt)} by {endedBy}
              {reason && `. ${reason}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
