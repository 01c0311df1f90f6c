import { Button, Paper } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ModeReply } from '../../../src/api/workflows/mode-types.ts'
import { exact, labelOf, number } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { modeQuery } from '../server/api.ts'
import { MEANS, ModeDialog } from './mode-dialog.tsx'

/** How far a workflow may go, who set that, and the button that changes it. */
export function ModeCard({ workflow }: { workflow: string }) {
  const mode = useQuery(modeQuery(workflow))
  const [isOpen, setIsOpen] = useState(false)
  if (mode.error) return <ProblemNotice error={mode.error} onRetry={() => void mode.refetch()} />
  if (!mode.data) return null
  const { data } = mode
  return (
    <Paper component="section" withBorder p="md" aria-label="Mode">
      <h2 className="flush">Mode: {labelOf(data.mode)}</h2>
      <p>
        {MEANS[data.mode]}
        {data.mode === 'pilot' && ` At most ${number(data.dailyCap ?? 0)} owner changes a day, for ${data.slice}.`}
        {data.effectiveMode !== data.mode && ` Its people let it go only as far as ${labelOf(data.effectiveMode)} now.`}
      </p>
      <Button size="xs" variant="default" onClick={() => setIsOpen(true)}>
        Change mode…
      </Button>
      <details>
        <summary>History</summary>
        <ul className="bullets">
          {data.history.map((change) => (
            <li key={change.id}>{historyText(change)}</li>
          ))}
        </ul>
      </details>
      {isOpen && <ModeDialog workflow={workflow} current={data} onClose={() => setIsOpen(false)} />}
    </Paper>
  )
}

function historyText({ mode, dailyCap, origin, why, by, at }: ModeReply['history'][number]): string {
  const cap = dailyCap === null ? '' : `, at most ${number(dailyCap)} owners a day`
  if (origin === 'before-publishing') return `${labelOf(mode)}${cap}: as it ran before modes had a history`
  const who = origin === 'first-version' ? 'as its first version began' : `by ${by}`
  return `${labelOf(mode)}${cap}: ${who}, ${exact(at)}${why === '' ? '' : `. ${why}`}`
}
