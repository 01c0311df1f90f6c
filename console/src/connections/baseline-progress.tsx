import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { duration, number } from '../parts/format.ts'

/** While the first import runs this is what people look at; afterwards one line is enough. */
export function BaselineProgress({ connection }: { connection: ConnectionView }) {
  const { done, objects, perSecond, leftMs } = connection.baseline
  const count = objects.reduce((sum, object) => sum + object.count, 0)
  if (done) {
    return (
      <p>
        Baseline complete: {number(count)} records (
        {objects.map((object) => `${number(object.count)} ${object.object}`).join(', ')}){comparedSays(connection)}
      </p>
    )
  }
  return (
    <div className="baseline">
      <p>
        <strong>Reading the baseline</strong>{' '}
        <span className="quiet">
          {number(count)} records so far
          {perSecond !== null && `, ${number(Math.round(perSecond))} a second`}
          {leftMs !== null && `, about ${duration(Math.max(1_000, leftMs))} left`}
        </span>
      </p>
      {objects.map((object) => {
        const share = object.done
          ? 100
          : object.total
            ? Math.min(99, Math.floor((100 * object.count) / object.total))
            : 0
        return (
          <div key={object.object} className="progress">
            <span>{object.object}</span>
            <div
              className="bar"
              role="progressbar"
              aria-label={`Baseline of ${object.object}`}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={share}
            >
              <span className="bar-fill" style={{ width: `${share}%` }} />
            </div>
            <span className="quiet">
              {object.done
                ? number(object.count)
                : object.count === 0
                  ? 'waiting'
                  : `${number(object.count)}${object.total ? ` of ${number(object.total)}` : ''}`}
            </span>
          </div>
        )
      })}
    </div>
  )
}

/** Against what the CRM itself counted when the import began; what came or went meanwhile is told by events. */
function comparedSays({ baseline, crm }: ConnectionView): string {
  const told = baseline.objects.filter((object) => object.total !== null)
  if (told.length === 0) return '.'
  const name = crm === 'hubspot' ? 'HubSpot' : 'Salesforce'
  const others = told.filter((object) => object.total !== object.count)
  if (others.length === 0) return `, as many as ${name} counts itself.`
  const each = others.map((object) => `${number(object.total ?? 0)} ${object.object}`)
  return `. ${name} itself counted ${each.join(', ')} when it began.`
}
