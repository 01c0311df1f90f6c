import { BarChart } from '@mantine/charts'
import { ColorSwatch } from '@mantine/core'
import type { Point } from '../../../src/api/overview/overview-types.ts'
import { labelOf, number } from '../parts/format.ts'

const CLASSES = ['expected', 'risky', 'customer-facing', 'revenue-impacting', 'unknown'] as const
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** Cases per hour or day. Screen readers get the totals as a sentence. */
export function TimeChart(props: { points: readonly Point[]; unit: 'hours' | 'days'; measure: 'opened' | 'closed' }) {
  const { points, unit, measure } = props
  const label = unit === 'hours' ? HOUR : DAY
  const data = points.map((point) => ({
    at: label.format(new Date(point.at)),
    ...point.opened,
    'Fixed in the CRM': point.ended.crm,
    'Fixed by rules': point.ended.rules,
    Other: point.ended.other,
  }))
  const series =
    measure === 'opened'
      ? CLASSES.map((name) => ({ name, label: labelOf(name), color: `var(--class-${name}-solid)` }))
      : [
          { name: 'Fixed in the CRM', color: 'var(--people-solid)' },
          { name: 'Fixed by rules', color: 'var(--rules-solid)' },
          { name: 'Other', color: 'var(--fill)' },
        ]
  const totals = series.map(({ name }) => ({
    name,
    n: data.reduce((sum, row) => sum + Number(row[name as keyof typeof row]), 0),
  }))
  const spoken = totals.map(({ name, n }) => `${labelOf(name)} ${number(n)}`).join(', ')
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
          <span key={one.name} className="with-icon">
            <ColorSwatch
              size={10}
              radius={3}
              withShadow={false}
              color={one.color}
              component="span"
              aria-hidden="true"
            />
            {labelOf(one.name)} <span className="quiet">{number(totals[i]!.n)}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  )
}
