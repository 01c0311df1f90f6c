import type {
  LedgerDay,
  LedgerNumbers,
  LedgerObject,
  SyncStatusReply,
} from '../../../src/api/sync-status/sync-status-types.ts'
import { number, plural, say } from '../parts/format.ts'

const COLUMNS = [
  ['received', 'Received'],
  ['applied', 'Applied'],
  ['skipped', 'Skipped'],
  ['duplicate', 'Duplicate'],
  ['recovered', 'Recovered'],
] as const satisfies readonly (readonly [keyof LedgerNumbers, string])[]

/** Only there while there is something to see. */
const TROUBLE = [
  ['failed', 'Not usable'],
  ['waiting', 'Under way'],
] as const satisfies readonly (readonly [keyof LedgerNumbers, string])[]

/** Per object: the last two weeks, in step or not, and what became of its events. */
export function LedgerTable({ ledger }: { ledger: SyncStatusReply }) {
  const columns = [...COLUMNS, ...TROUBLE.filter(([name]) => ledger.total[name] > 0)]
  const objects = ledger.objects.filter((object) => object.numbers.received > 0 || object.days.length > 0)
  return (
    <>
      <table className="ledger-table">
        <thead>
          <tr>
            <th scope="col">Object</th>
            <th scope="col">Last 14 days</th>
            {columns.map(([name, title]) => (
              <th scope="col" key={name} className="ledger-count">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {objects.map((object) => (
            <tr key={object.objectType}>
              <th scope="row">
                {object.objectType}
                <Held object={object} />
              </th>
              <td>
                <Strip object={object} />
              </td>
              {columns.map(([name, title]) => (
                <td key={name} className="ledger-count" data-title={title}>
                  {number(object.numbers[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Reasons objects={objects} />
    </>
  )
}

function Held({ object: { ourCount, crmCount, crmStated } }: { object: LedgerObject }) {
  if (ourCount === null || crmCount === null) return null
  const crm = crmStated ?? crmCount
  return (
    <span className="quiet ledger-held">
      {ourCount === crm ? plural(ourCount, 'record') : `${number(ourCount)} of ${number(crm)} records`}
    </span>
  )
}

function Strip({ object: { days, objectType } }: { object: LedgerObject }) {
  if (days.length === 0) return <span className="quiet">only our own are read</span>
  const off = days.filter((day) => day.state === 'out-of-sync').length
  const open = days.filter((day) => day.state === 'not-compared').length
  const label =
    off > 0
      ? `${objectType}: ${plural(off, 'day')} not in step`
      : open > 0
        ? `${objectType}: ${plural(open, 'day')} not compared yet`
        : `${objectType}: in step on all days`
  return (
    <span className="strip" role="img" aria-label={label}>
      {days.map((day) => (
        <span key={day.day} className={`strip-day strip-${day.state}`} title={dayText(day)} />
      ))}
    </span>
  )
}

/** For the mouse; the numbers of a day are also in the list of records. */
function dayText(day: LedgerDay): string {
  if (day.state === 'not-compared') return `${day.day}: not compared yet`
  if (day.state === 'quiet') return `${day.day}: no record was last changed on this day`
  const counts = `${number(day.ourCount ?? 0)} of ${number(day.crmCount ?? 0)} records`
  if (day.state === 'in-sync') return `${day.day}: in step, ${counts}`
  return `${day.day}: ${number(day.differences)} not in step, ${counts}, ${day.sameDigest ? 'same' : 'different'} digest`
}

const WORDS: Readonly<Record<string, string>> = {
  'no-change': 'said what we knew',
  superseded: 'older than what we knew',
  'own-write': 'our own write',
  'not-our-task': "somebody's own task",
  'people-list': 'a user: the list of people was read',
  'unwatched-object': 'an object that no policy watches',
  webhook: 'by webhook',
  stream: 'by the stream',
  pollChanges: 'by reading',
  baseline: 'by the first import',
}

function Reasons({ objects }: { objects: readonly LedgerObject[] }) {
  const told = objects.filter((object) => object.numbers.received > 0)
  if (told.length === 0) return null
  return (
    <details className="ledger-reasons">
      <summary>How events came, and why some were skipped</summary>
      <dl className="facts">
        {told.map((object) => (
          <div key={object.objectType} className="contents">
            <dt>{object.objectType}</dt>
            <dd>
              {object.receivedBy.map((one) => `${number(one.n)} ${WORDS[one.name] ?? one.name}`).join(', ')}
              {object.skippedBecause.length > 0 && (
                <div className="quiet">
                  Skipped:{' '}
                  {object.skippedBecause
                    .map((one) => `${number(one.n)} ${WORDS[one.name] ?? say(one.name).toLowerCase()}`)
                    .join(', ')}
                </div>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
