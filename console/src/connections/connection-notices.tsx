import { Timeline } from '@mantine/core'
import type { ConnectionView, NoticeView } from '../../../src/api/connections/connection-types.ts'
import { ago, exact, number, plural, since } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import { useNow } from '../server/live.ts'

/** Open issues of a connection with their remedy; resolved ones are folded. */
export function ConnectionNotices({ notices }: { notices: ConnectionView['notices'] }) {
  if (notices.open.length + notices.ended.length === 0) return null
  return (
    <div>
      <h3>Issues</h3>
      {notices.open.length === 0 && <p className="quiet">No open issues.</p>}
      {notices.open.map((notice) => (
        <Open key={notice.id} notice={notice} />
      ))}
      {notices.ended.length > 0 && (
        <details>
          <summary>{plural(notices.ended.length, 'resolved issue')}</summary>
          <Timeline bulletSize={10} lineWidth={2} color="var(--fill)">
            {notices.ended.map((notice) => (
              <Ended key={notice.id} notice={notice} />
            ))}
          </Timeline>
        </details>
      )}
    </div>
  )
}

function Open({ notice }: { notice: NoticeView }) {
  const now = useNow()
  return (
    <Notice tone={notice.level} title={notice.title}>
      <p>{notice.message}</p>
      {notice.remedy && (
        <p>
          <strong>What to do:</strong> {notice.remedy}
        </p>
      )}
      <p className="quiet" title={exact(notice.firstAt)}>
        Since {since(notice.firstAt, now)}
        {notice.n > 1 && `, ${number(notice.n)} times, last ${ago(notice.lastAt, now)}`}
      </p>
    </Notice>
  )
}

function Ended({ notice }: { notice: NoticeView }) {
  const now = useNow()
  const endedAt = notice.endedAt ?? notice.lastAt
  return (
    <Timeline.Item title={notice.title}>
      <p>{notice.message}</p>
      {notice.endedMessage && <p>{notice.endedMessage}</p>}
      <p className="quiet small" title={exact(endedAt)}>
        Resolved {ago(endedAt, now)}
      </p>
    </Timeline.Item>
  )
}
