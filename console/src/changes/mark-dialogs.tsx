import { Button, NativeSelect, NumberInput, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { MarkReply, MarksReply, MarkView, NewMarkRequest } from '../../../src/api/changes/mark-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { labelOf } from '../parts/format.ts'
import { queryClient, send } from '../server/api.ts'

const CLASSES: readonly NewMarkRequest['class'][] = ['risky', 'customer-facing', 'revenue-impacting']

type ProposeProps = Pick<MarksReply, 'workflows' | 'days'> & { onClose: () => void }

/** The first of two yeses. */
export function ProposeMarkDialog({ workflows, days: limits, onClose }: ProposeProps) {
  const [name, setName] = useState(workflows[0]!.workflow)
  const workflow = workflows.find((one) => one.workflow === name)!
  const [chosen, setRule] = useState(workflow.rules[0]!.rule)
  const rule = workflow.rules.find((one) => one.rule === chosen) ?? workflow.rules[0]!
  const [of, setClass] = useState<NewMarkRequest['class']>('risky')
  const [reason, setReason] = useState('')
  const [days, setDays] = useState<number | string>(limits.usual)
  const propose = useMutation({
    mutationFn: () =>
      send<MarkReply>('/api/console/changes/marks', {
        workflow: name,
        rule: rule.rule,
        class: of,
        reason,
        days: Number(days),
      } satisfies NewMarkRequest),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console'] })
      onClose()
    },
  })
  return (
    <Dialog title="Mark a rule" opened onClose={onClose}>
      <p>Nothing changes until a second person agrees here. Editing the rule ends what the mark lets.</p>
      <NativeSelect
        label="Workflow"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data={workflows.map((one) => ({ value: one.workflow, label: one.title }))}
      />
      <NativeSelect
        label="Rule"
        description={rule.says}
        value={rule.rule}
        onChange={(event) => setRule(event.currentTarget.value)}
        data={workflow.rules.map((one) => one.rule)}
      />
      <NativeSelect
        label="Class"
        description={
          rule.marked.includes(of) ? 'It is marked for this class already; a new mark can end later.' : undefined
        }
        value={of}
        onChange={(event) => setClass(event.currentTarget.value as NewMarkRequest['class'])}
        data={CLASSES.map((value) => ({ value, label: labelOf(value) }))}
      />
      <Textarea label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <NumberInput label="Days" min={1} max={limits.most} value={days} onChange={setDays} />
      <DialogActions error={propose.error} onCancel={onClose} mt="md">
        <Button loading={propose.isPending} disabled={reason.trim().length < 3} onClick={() => propose.mutate()}>
          Propose
        </Button>
      </DialogActions>
    </Dialog>
  )
}

/** The boundary or the rollback owner takes a mark back alone. */
export function EndMarkDialog({ mark, onClose }: { mark: MarkView; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const end = useMutation({
    mutationFn: () => send(`/api/console/changes/marks/${mark.id}/end`, { reason }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console'] })
      onClose()
    },
  })
  return (
    <Dialog title={`Remove the mark of ${mark.rule}?`} opened onClose={onClose}>
      <p>
        From now on a reviewer decides {labelOf(mark.class).toLowerCase()} cases of this rule. Owner changes that wait
        are not sent; those that were sent stay.
      </p>
      <Textarea label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <DialogActions error={end.error} onCancel={onClose} mt="md">
        <Button loading={end.isPending} disabled={reason.trim().length < 3} onClick={() => end.mutate()}>
          Remove the mark
        </Button>
      </DialogActions>
    </Dialog>
  )
}
