import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type {
  ComparisonReply,
  LedgerCheck,
  RereadReply,
  SyncStatusReply,
} from '../../../src/api/sync-status/sync-status-types.ts'
import { ago, exact, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { call, queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'
import { ComparisonProgress } from './comparison-progress.tsx'
import { FailedEvents } from './sync-failed-events.tsx'
import { SyncRecords } from './sync-status-records.tsx'
import { SyncTable } from './sync-status-table.tsx'
import { syncSummary } from './sync-status-text.ts'

/** Often enough while something runs that a button is seen to work. */
const MOVING_MS = 1_500
const RESTING_MS = 20_000

/** Whether Lanekeeper processed every change of a connection, and whether its records match the CRM's. */
export function SyncStatus({ connectionId }: { connectionId: string }) {
  const path = `/api/console/connections/${encodeURIComponent(connectionId)}`
  const { data, error, refetch } = useQuery({
    queryKey: ['console', 'sync-status', connectionId],
    queryFn: ({ signal }) => call<SyncStatusReply>(`${path}/sync-status`, { signal }),
    refetchInterval: (query) => (isMoving(query.state.data) ? MOVING_MS : RESTING_MS),
  })
  if (error && !data) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (!data) return null
  return (
    <Stack className="sync-health fold" gap={10}>
      <h3>Sync health</h3>
      <p className={data.differences > 0 || data.total.failed > 0 ? 'sync-summary sync-off' : 'sync-summary'}>
        {syncSummary(data)}
      </p>
      <SyncTable status={data} />
      {data.total.failed > 0 && <FailedEvents connectionId={connectionId} />}
      {data.check.state !== 'idle' && <ComparisonProgress check={data.check} />}
      <Actions status={data} path={path} />
      {data.records.length > 0 && <SyncRecords status={data} />}
    </Stack>
  )
}

function isMoving(status: SyncStatusReply | undefined): boolean {
  return status !== undefined && (status.check.state !== 'idle' || status.reading > 0)
}

function Actions({ status, path }: { status: SyncStatusReply; path: string }) {
  const { connectionId, check, differences, reading } = status
  const again = () => queryClient.invalidateQueries({ queryKey: ['console', 'sync-status', connectionId] })
  const compare = useMutation({ mutationFn: () => send<ComparisonReply>(`${path}/comparison`), onSettled: again })
  const reread = useMutation({ mutationFn: () => send<RereadReply>(`${path}/reread`, {}), onSettled: again })
  const left = differences - reading
  const isComparing = check.state !== 'idle'
  return (
    <>
      <Group gap="8px 14px">
        {left > 0 && (
          <Button size="xs" loading={reread.isPending} onClick={() => reread.mutate()}>
            Re-sync {plural(left, 'record')}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          disabled={isComparing}
          loading={compare.isPending}
          onClick={() => compare.mutate()}
        >
          Compare now
        </Button>
        {reading > 0 && <span className="quiet">Re-syncing {plural(reading, 'record')}</span>}
        {!isComparing && <LastCompared check={check} />}
      </Group>
      {(compare.error ?? reread.error) && <ProblemNotice error={compare.error ?? reread.error} />}
    </>
  )
}

function LastCompared({ check }: { check: LedgerCheck }) {
  const now = useNow()
  if (check.lastRecentAt === null) return <span className="quiet">Not compared yet</span>
  return (
    <span className="quiet">
      Recent records compared <span title={exact(check.lastRecentAt)}>{ago(check.lastRecentAt, now)}</span>
      {check.lastFullAt && (
        <>
          , all records <span title={exact(check.lastFullAt)}>{ago(check.lastFullAt, now)}</span>
        </>
      )}
    </span>
  )
}
