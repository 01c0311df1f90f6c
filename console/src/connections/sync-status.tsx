import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type {
  ComparisonReply,
  LedgerCheck,
  RereadReply,
  SyncStatusReply,
} from '../../../src/api/sync-status/sync-status-types.ts'
import { ago, exact, number, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { call, queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'
import { LedgerRecords } from './sync-status-records.tsx'
import { LedgerTable } from './sync-status-table.tsx'
import { ledgerSays } from './sync-status-text.ts'
import '../styles/events-ledger.css'

/** While something moves, often enough that a button is seen to work. */
const MOVING_MS = 1_500
const RESTING_MS = 20_000

/** Whether every event of a connection is accounted for and our records are what the CRM holds, as a number. */
export function SyncStatus({ connectionId }: { connectionId: string }) {
  const path = `/api/console/connections/${encodeURIComponent(connectionId)}`
  const { data, error, refetch } = useQuery({
    queryKey: ['console', 'sync-status', connectionId],
    queryFn: ({ signal }) => call<SyncStatusReply>(`${path}/sync-status`, { signal }),
    refetchInterval: (query) => (isMoving(query.state.data) ? MOVING_MS : RESTING_MS),
  })
  const again = () => queryClient.invalidateQueries({ queryKey: ['console', 'sync-status', connectionId] })
  const compare = useMutation({ mutationFn: () => send<ComparisonReply>(`${path}/comparison`), onSettled: again })
  const reread = useMutation({ mutationFn: () => send<RereadReply>(`${path}/reread`, {}), onSettled: again })
  if (error && !data) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (!data) return null
  const left = data.differences - data.reading
  const asked = data.check.state !== 'idle'
  return (
    <div className="ledger">
      <h3>Ledger of events</h3>
      <p className={data.differences > 0 || data.total.failed > 0 ? 'ledger-says ledger-off' : 'ledger-says'}>
        {ledgerSays(data)}
      </p>
      <LedgerTable ledger={data} />
      {asked && <CheckProgress check={data.check} />}
      <div className="row">
        {left > 0 && (
          <Button size="xs" loading={reread.isPending} onClick={() => reread.mutate()}>
            Read {plural(left, 'record')} again
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          disabled={asked}
          loading={compare.isPending}
          onClick={() => compare.mutate()}
        >
          Compare now
        </Button>
        {data.reading > 0 && <span className="quiet">{plural(data.reading, 'record')} being read again</span>}
        {!asked && <LastCompared check={data.check} />}
      </div>
      {(compare.error ?? reread.error) && <ProblemNotice error={compare.error ?? reread.error} />}
      {data.records.length > 0 && <LedgerRecords ledger={data} />}
    </div>
  )
}

function isMoving(ledger: SyncStatusReply | undefined): boolean {
  return ledger !== undefined && (ledger.check.state !== 'idle' || ledger.reading > 0)
}

function LastCompared({ check }: { check: LedgerCheck }) {
  const now = useNow()
  if (check.lastRecentAt === null) return <span className="quiet">Not compared yet</span>
  return (
    <span className="quiet">
      Compared <span title={exact(check.lastRecentAt)}>{ago(check.lastRecentAt, now)}</span>
      {check.lastFullAt && (
        <>
          , all records <span title={exact(check.lastFullAt)}>{ago(check.lastFullAt, now)}</span>
        </>
      )}
    </span>
  )
}

function CheckProgress({ check }: { check: LedgerCheck }) {
  const object = check.objectType ?? ''
  const share =
    check.phase !== 'read' ? 100 : check.ofTotal ? Math.min(99, Math.floor((100 * check.records) / check.ofTotal)) : 0
  return (
    <div className="baseline">
      <p>
        <strong>{check.state === 'asked' ? 'About to compare' : `Comparing ${object}`}</strong>{' '}
        {check.state === 'running' && <span className="quiet">{doing(check)}</span>}
      </p>
      {check.state === 'running' && (
        <div
          className="bar ledger-bar"
          role="progressbar"
          aria-label={`Comparison of ${object}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={share}
        >
          <span className="bar-fill" style={{ width: `${share}%` }} />
        </div>
      )}
      <p className="quiet">
        {check.problem ? `${check.problem} It goes on by itself.` : 'Calls that people wait for go first.'}
      </p>
    </div>
  )
}

function doing({ phase, records, ofTotal }: LedgerCheck): string {
  if (phase === 'extra') return 'looking for records that the CRM has no more'
  if (phase === 'look') return 'looking a second time at what differs'
  return ofTotal ? `${number(records)} of ${number(ofTotal)} read` : `${number(records)} read`
}
