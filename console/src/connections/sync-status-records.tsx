import type { Difference, SyncStatusReply } from '../../../src/api/sync-status/sync-status-types.ts'
import { ago, exact, number, objectLabel, plural } from '../parts/format.ts'
import { OutLink } from '../parts/out-link.tsx'
import { useNow } from '../server/live.ts'

const WHY: Readonly<Record<Difference['why'], string>> = {
  missing: 'missing here',
  extra: 'deleted in the CRM',
  different: 'values differ',
}

/** The records that are out of sync, newest first; a sample of them when there are many. */
export function SyncRecords({ status: { records, differences } }: { status: SyncStatusReply }) {
  const now = useNow()
  return (
    <details open={records.length <= 5}>
      <summary>{plural(differences, 'record')} out of sync</summary>
      <ul className="rows sync-records">
        {records.map((record) => {
          const name = `${objectLabel(record.objectType)} ${record.recordId}`
          return (
            <li key={name}>
              <span>{record.url ? <OutLink href={record.url}>{name}</OutLink> : name}</span>
              <span>{WHY[record.why]}</span>
              <span className="quiet" title={exact(record.since)}>
                {record.reading ? 're-syncing' : `found ${ago(record.since, now)}`}
              </span>
            </li>
          )
        })}
      </ul>
      {differences > records.length && <p className="quiet">and {number(differences - records.length)} more</p>}
    </details>
  )
}
