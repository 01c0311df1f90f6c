import { Group, Paper, Progress } from '@mantine/core'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { crmName } from '../connect/crms.ts'
import { duration, number, objectLabel, plural } from '../parts/format.ts'

type ObjectProgress = ConnectionView['baseline']['objects'][number]

/** The progress of the first import; one line once it is complete. */
export function BaselineProgress({ connection }: { connection: ConnectionView }) {
  const { done, objects, perSecond, leftMs } = connection.baseline
  const count = objects.reduce((sum, object) => sum + object.count, 0)
  if (done) return <p>{importSummary(connection, count)}</p>
  return (
    <Paper withBorder={false} bg="var(--ground)" px={14} py={12}>
      <p>
        <strong>Importing records</strong>{' '}
        <span className="quiet">
          {number(count)} so far
          {perSecond !== null && `, ${number(Math.round(perSecond))} per second`}
          {leftMs !== null && `, about ${duration(Math.max(1_000, leftMs))} left`}
        </span>
      </p>
      {objects.map((object) => (
        <ObjectRow key={object.object} object={object} />
      ))}
    </Paper>
  )
}

function ObjectRow({ object: { object, done, count, total } }: { object: ObjectProgress }) {
  const name = objectLabel(object)
  const share = done ? 100 : total ? Math.min(99, Math.floor((100 * count) / total)) : 0
  const state = done
    ? number(count)
    : count === 0
      ? 'waiting'
      : `${number(count)}${total ? ` of ${number(total)}` : ''}`
  return (
    <Group wrap="nowrap" gap="sm" mt={6}>
      <span className="progress-name">{name}</span>
      <Progress flex={1} value={share} bg="var(--line)" aria-label={`Import of ${name}`} />
      <span className="progress-state quiet">{state}</span>
    </Group>
  )
}

/** Compared with the CRM's own count at the start of the import. */
function importSummary({ baseline, crm }: ConnectionView, count: number): string {
  if (count === 0) return 'Imported: the account has no records yet.'
  const each = baseline.objects.map((object) => `${number(object.count)} ${objectLabel(object.object).toLowerCase()}`)
  const counted = baseline.objects.filter((object) => object.total !== null)
  const differ = counted.filter((object) => object.total !== object.count)
  const imported = `Imported ${plural(count, 'record')}: ${each.join(', ')}.`
  if (counted.length === 0) return imported
  const name = crmName(crm)
  if (differ.length === 0) return `${imported} ${name} counts the same.`
  const theirs = differ.map((object) => `${number(object.total ?? 0)} ${objectLabel(object.object).toLowerCase()}`)
  return `${imported} ${name} counted ${theirs.join(', ')} at the start.`
}
