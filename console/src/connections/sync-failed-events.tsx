import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { FailedEventsReply, ReplayReply } from '../../../src/api/sync-status/failed-event-types.ts'
import { ago, exact, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { call, queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

const SHOWN_MAX = 10
const PATH = '/api/console/failed-events'

/** Changes that could not be applied three times, each with its reason and a button that has it tried again. */
export function FailedEvents({ connectionId }: { connectionId: string }) {
  const now = useNow()
  const { data } = useQuery({
    queryKey: ['console', 'failed-events', connectionId],
    queryFn: ({ signal }) =>
      call<FailedEventsReply>(`${PATH}?connection=${encodeURIComponent(connectionId)}&limit=${SHOWN_MAX}`, { signal }),
  })
  const replay = useMutation({
    mutationFn: (which: { connection: string } | { ids: string[] }) => send<ReplayReply>(`${PATH}/replay`, which),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  if (!data || data.total === 0) return null
  const hidden = data.total - data.events.length
  return (
    <Stack gap={6}>
      <h4>Failed events</h4>
      <p>Lanekeeper tried {plural(data.total, 'change')} three times and could not apply them.</p>
      <ul>
        {data.events.map((event) => (
          <li key={event.id}>
            {event.objectType} {event.recordId}, received{' '}
            <span title={exact(event.receivedAt)}>{ago(event.receivedAt, now)}</span>:{' '}
            {event.reason ?? 'no reason recorded'}{' '}
            <Button size="compact-xs" variant="default" onClick={() => replay.mutate({ ids: [event.id] })}>
              Replay
            </Button>
          </li>
        ))}
      </ul>
      <Group gap="8px 14px">
        <Button size="xs" loading={replay.isPending} onClick={() => replay.mutate({ connection: connectionId })}>
          Replay all {plural(data.total, 'change')}
        </Button>
        {hidden > 0 && <span className="quiet">{hidden} older ones are not shown.</span>}
      </Group>
      {replay.error && <ProblemNotice error={replay.error} />}
    </Stack>
  )
}
