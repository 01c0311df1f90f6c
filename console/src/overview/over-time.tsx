import { Group, Paper, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import type { Overview } from '../../../src/api/overview/overview-types.ts'
import { TimeChart } from './time-chart.tsx'

/** Opened or closed cases, by hour or by day. */
export function OverTime({ overview }: { overview: Overview }) {
  const [measure, setMeasure] = useState<'opened' | 'closed'>('opened')
  const [span, setSpan] = useState<'hours' | 'days'>('hours')
  return (
    <Paper component="section" h="100%" aria-labelledby="over-time">
      <Group justify="space-between" mb={10}>
        <h2 id="over-time">Over time</h2>
        <Group gap={8}>
          <SegmentedControl
            size="xs"
            aria-label="Opened or closed cases"
            value={measure}
            onChange={(value) => setMeasure(value as 'opened')}
            data={[
              { value: 'opened', label: 'Opened' },
              { value: 'closed', label: 'Closed' },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label="Time span"
            value={span}
            onChange={(value) => setSpan(value as 'hours')}
            data={[
              { value: 'hours', label: '48 hours' },
              { value: 'days', label: '30 days' },
            ]}
          />
        </Group>
      </Group>
      <TimeChart points={overview[span]} unit={span} measure={measure} />
    </Paper>
  )
}
