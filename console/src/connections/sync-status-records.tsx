import type { Difference, SyncStatusReply } from '../../../src/api/sync-status/sync-status-types.ts'
import { ago, exact, number, plural } from '../parts/format.ts'
import { OutIcon } from '../parts/icons.tsx'
import { useNow } from '../server/live.ts'

const WHY: Readonly<Record<Difference['why'], string>> = {
  missing: 'we lack it',
  extra: 'the CRM has it no more',
  different: 'other values than ours',
}

/** Which records are not in step, newest first; a few of them where there are many. */
export function LedgerRecords({ ledger: { records, differences } }: { ledger: SyncStatusReply }) {
  const now = useNow()
  return (
    <details className="ledger-reasons" open={records.length <= 5}>
      <summary>{plural(differences, 'record', 'records')} not in remedy</summary>
      <ul className="ledger-records">
        {records.map((record) => (
          <li key={`${record.objectType}/${record.recordId}`}>
            <span>
              {record.url ? (
                <a href={record.url} target="_blank" rel="noreferrer noopener" className="out">
                  {record.objectType} {record.recordId}
                  <OutIcon />
                  <span className="visually-hidden"> (opens a new tab)</span>
                </a>
              ) : (
                `${record.objectType} ${record.recordId}`
              )}
            </span>
            <span>{WHY[record.why]}</span>
            <span className="quiet" title={exact(record.since)}>
              {record.reading ? 'being read again' : `found ${ago(record.since, now)}`}
            </span>
          </li>
        ))}
      </ul>
      {differences > records.length && <p className="quiet">and {number(differences - records.length)} more</p>}
    </details>
  )
}
