import { Button, NativeSelect, NumberInput, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { ModeReply, ModeRequest } from '../../../src/api/workflows/mode-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { labelOf } from '../parts/format.ts'
import { queryClient, send } from '../server/api.ts'

const LADDER = ['draft', 'observe', 'pilot', 'live'] as const
type Mode = (typeof LADDER)[number]

/** What each mode does. */
export const MEANS: Readonly<Record<ModeReply['mode'], string>> = {
  draft: 'It does not decide anything.',
  observe: 'It decides and shows cases. It writes nothing to your CRMs.',
  pilot: 'It writes tasks, and owners within a slice and a daily limit.',
  live: 'It writes tasks and owners.',
}

/** What another mode would change, before it does. */
export function ModeDialog({
  workflow,
  current,
  onClose,
}: {
  workflow: string
  current: ModeReply
  onClose: () => void
}) {
  const [mode, setMode] = useState<Mode>(current.mode)
  const [cap, setCap] = useState<number | string>(current.dailyCap ?? 10)
  const [why, setWhy] = useState('')
  const change = useMutation({
    mutationFn: (body: ModeRequest) =>
      send<ModeReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/mode`, body),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  const dailyCap = mode === 'pilot' && typeof cap === 'number' ? cap : null
  const step = LADDER.indexOf(mode) - LADDER.indexOf(current.mode)
  const capStep = mode === 'pilot' && step === 0 ? (dailyCap ?? 0) - (current.dailyCap ?? 0) : 0
  const isRaise = step > 0 || capStep > 0
  const isValid = (step !== 0 || capStep !== 0) && (mode !== 'pilot' || dailyCap !== null)
  return (
    <Dialog title="Change mode" opened onClose={onClose}>
      <Stack gap="md">
        <NativeSelect
          label="Mode"
          value={mode}
          onChange={({ currentTarget }) => setMode(currentTarget.value as Mode)}
          data={LADDER.map((value) => ({ value, label: labelOf(value) }))}
        />
        {mode === 'pilot' && (
          <NumberInput
            label="Owner changes a day"
            min={1}
            max={100_000}
            allowDecimal={false}
            clampBehavior="strict"
            value={cap}
            onChange={setCap}
          />
        )}
        <Textarea
          label="Reason (optional)"
          maxLength={1_000}
          value={why}
          onChange={({ currentTarget }) => setWhy(currentTarget.value)}
        />
        <Consequences mode={mode} isRaise={isRaise} isValid={isValid} />
        <DialogActions error={change.error} onCancel={onClose}>
          <Button
            disabled={!isValid}
            loading={change.isPending}
            onClick={() => change.mutate({ mode, dailyCap, why, seenId: current.seenId })}
          >
            {isRaise ? 'Raise' : 'Lower'}
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}

function Consequences({ mode, isRaise, isValid }: { mode: Mode; isRaise: boolean; isValid: boolean }) {
  if (!isValid) return null
  return (
    <ul className="bullets">
      <li>{MEANS[mode]}</li>
      {isRaise ? (
        <>
          <li>Only the workflow owner can raise it, while no job is vacant.</li>
          <li>It applies to records that change from now on. What it would change otherwise waits in the backlog.</li>
        </>
      ) : (
        <li>It applies at once. Owner changes that have not left yet are decided again.</li>
      )}
    </ul>
  )
}
