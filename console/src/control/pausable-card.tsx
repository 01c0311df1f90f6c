import { Badge, Button, Group, Paper } from '@mantine/core'
import { useId, useState } from 'react'
import type { Holder, Pausable } from '../../../src/api/control/control-types.ts'
import { PauseDialog } from './pause-dialog.tsx'

/** One workflow or connection: whether it runs, who may pause it, and the one button for the reader. */
export function PausableCard({ pausable }: { pausable: Pausable }) {
  const { title, may, isPaused, whoMay } = pausable
  const [isAsking, setAsking] = useState(false)
  const id = useId()
  const what = may === 'pause' ? 'Pause' : 'Ask for a pause'
  return (
    <Paper component="section" aria-labelledby={id}>
      <Group justify="space-between" gap="8px 18px">
        <div className="control-what">
          <h3 id={id}>
            {title}{' '}
            <Badge variant="dot" bd={0} color={isPaused ? 'red.7' : 'green.7'}>
              {isPaused ? 'Paused' : 'Not paused'}
            </Badge>
          </h3>
          <p className="quiet">{whoText(whoMay)}</p>
        </div>
        {!isPaused && may !== 'nothing' && (
          <Button
            className="control-act"
            size="md"
            {...(may === 'pause' ? {} : { variant: 'default' })}
            aria-label={`${what}: ${title}`}
            onClick={() => setAsking(true)}
          >
            {what}
          </Button>
        )}
      </Group>
      <PauseDialog pausable={pausable} opened={isAsking} onClose={() => setAsking(false)} />
    </Paper>
  )
}

const ROLES: Readonly<Record<Holder['role'], string>> = { holder: '', deputy: ' (deputy)', delegate: ' (stands in)' }

function whoText(whoMay: readonly Holder[]): string {
  if (whoMay.length === 0) {
    return 'The job of the rollback owner is vacant. The workflow owner names a person; until then no record is written.'
  }
  return `Can pause: ${whoMay.map(({ name, role }) => `${name}${ROLES[role]}`).join(', ')}`
}
