import { BarChart } from '@mantine/charts'
import type { Point } from '../../../src/api/overview/overview-types.ts'
import { number, say } from '../parts/format.ts'

const CLASSES = ['expected', 'risky', 'customer-facing', 'revenue-impacting', 'unknown'] as const
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** The picture; the sentence in its name says the same to those who do not see it. */
export function TimeChart(props: { points: readonly Point[]; unit: 'hours' | 'days'; measure: 'opened' | 'closed' }) {
  const { points, unit, measure } = props
  const label = unit === 'hours' ? HOUR : DAY
  const data = points.map((point) => ({
    at: label.format(new Date(point.at)),
    ...point.opened,
    'By people': point.resolved,
    'By rules': point.settled,
  }))
  const series =
    measure === 'opened'
      ? CLASSES.map((name) => ({ name, label: say(name), color: `var(--class-${name}-solid)` }))
      : [
          { name: 'By people', color: 'var(--people-solid)' },
          { name: 'By rules', color: 'var(--rules-solid)' },
        ]
  const totals = series.map(({ name }) => ({
    name,
    n: data.reduce((sum, row) => sum + Number(row[name as keyof typeof row]), 0),
  }))
  const spoken = totals.map(({ name, n }) => `${say(name)} ${number(n)}`).join(', ')
  return (
    <figure className="chart">
      <div
        role="img"
        aria-label={`Cases ${measure} in the last ${unit === 'hours' ? '48 hours' : '30 days'}: ${spoken}`}
      >
        <BarChart
          h={210}
          data={data}
          dataKey="at"
          type="stacked"
          series={series}
          gridAxis="x"
          tickLine="none"
          withLegend={false}
          xAxisProps={{ minTickGap: 34 }}
          yAxisProps={{ width: 32, allowDecimals: false }}
          barProps={{ isAnimationActive: false, maxBarSize: 22 }}
          barChartProps={{ accessibilityLayer: false, margin: { left: -4, right: 4, top: 6 } }}
        />
      </div>
      <figcaption className="legend">
        {series.map((one, i) => (
          <span key={one.name}>
            <span className="swatch" style={{ background: one.color }} aria-hidden="true" />
            {say(one.name)} <span className="quiet">{number(totals[i]!.n)}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  )
}
