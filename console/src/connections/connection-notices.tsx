import type { ConnectionView, NoticeView } from '../../../src/api/connections/connection-types.ts'
import { ago, exact, number, plural } from '../parts/format.ts'
import { useNow } from '../server/live.ts'

/** What happened to a connection: what lasts is open with its step, what ended is folded. */
export function ConnectionNotices({ notices }: { notices: ConnectionView['notices'] }) {
  if (notices.open.length + notices.ended.length === 0) return null
  return (
    <div className="happened">
      <h3>What happened</h3>
      {notices.open.length === 0 && <p className="quiet">Nothing lasts.</p>}
      {notices.open.map((notice) => (
        <Open key={notice.id} notice={notice} />
      ))}
      {notices.ended.length > 0 && (
        <details>
          <summary>{plural(notices.ended.length, 'thing', 'things')} that ended</summary>
          <ul className="history">
            {notices.ended.map((notice) => (
              <Ended key={notice.id} notice={notice} />
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

function Open({ notice }: { notice: NoticeView }) {
  const now = useNow()
  return (
    <div className={`notice notice-${notice.level}`}>
      <p className="notice-title">{notice.title}</p>
      <p>{notice.message}</p>
      {notice.remedy && (
        <p>
          <strong>Next:</strong> {notice.remedy}
        </p>
      )}
      <p className="quiet" title={exact(notice.firstAt)}>
        since {ago(notice.firstAt, now)}
        {notice.n > 1 && `, ${number(notice.n)} times, last ${ago(notice.lastAt, now)}`}
      </p>
    </div>
  )
}

function Ended({ notice }: { notice: NoticeView }) {
  const now = useNow()
  return (
    <li>
      <p className="notice-title">{notice.title}</p>
      <p>{notice.message}</p>
      {notice.endedMessage && <p>{notice.endedMessage}</p>}
      <p className="quiet" title={exact(notice.endedAt ?? notice.lastAt)}>
        ended {ago(notice.endedAt ?? notice.lastAt, now)}
      </p>
    </li>
  )
}
