import { Badge } from '@mantine/core'
import type { WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { labelOf } from '../parts/format.ts'

const MODE_COLORS: Readonly<Record<string, string>> = { live: 'green.7', pilot: 'yellow.7', observe: 'yellow.7' }

/** Green only where it does all that its mode says. */
export function WorkflowMode({ workflow }: { workflow: WorkflowView }) {
  const { version, mode, effectiveMode, problems, limits, standing } = workflow
  if (version === null) {
    return (
      <Badge variant="dot" bd={0} color="red.7">
        Does not run
      </Badge>
    )
  }
  const isLimited = problems.length > 0 || limits.length > 0 || standing.length > 0
  return (
    <Badge variant="dot" bd={0} color={isLimited ? 'yellow.7' : (MODE_COLORS[effectiveMode] ?? 'gray.6')}>
      {labelOf(effectiveMode)}
      {mode !== effectiveMode && ` (set to ${mode})`}
      {effectiveMode === 'live' && isLimited && ', limited'}
    </Badge>
  )
}
