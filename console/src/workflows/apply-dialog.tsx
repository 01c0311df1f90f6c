import { Button, Loader, NumberInput, Stack, Table } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApplyReply, ApplyRequest, BacklogReply, BacklogView } from '../../../src/api/workflows/backlog-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { day, duration, number, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { backlogQuery, queryClient, send } from '../server/api.ts'

const BECAUSE: Readonly<Record<BacklogView['because'], string>> = {
  version: '',
  update: 'the update of Lanekeeper under ',
  raise: 'raising the mode under ',
}

/** `version 3`, or what besides it asks for more. */
export function versionText({ version, because }: Pick<BacklogView, 'version' | 'because'>): string {
  return `${BECAUSE[because]}version ${version}`
}

type Props = { workflow: string; opened: boolean; onClose: () => void }

/** What applying the version in force to the backlog would write, and how much of it and how fast. */
export function ApplyDialog({ workflow, opened, onClose }: Props) {
  const preview = useQuery({ ...backlogQuery(workflow), enabled: opened })
  return (
    <Dialog title="Apply to backlog" opened={opened} onClose={onClose}>
      {preview.error && <ProblemNotice error={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.isPending && <Loader aria-label="Loading the preview" />}
      {preview.data?.backlog === null && <p>Nothing waits any more.</p>}
      {preview.data && preview.data.backlog !== null && (
        <Form workflow={workflow} preview={preview.data} backlog={preview.data.backlog} onClose={onClose} />
      )}
    </Dialog>
  )
}

type Backlog = NonNullable<BacklogReply['backlog']>
type FormProps = { workflow: string; preview: BacklogReply; backlog: Backlog; onClose: () => void }

function Form({ workflow, preview: { rate, perDay }, backlog, onClose }: FormProps) {
  const [cap, setCap] = useState<number | string>(backlog.waiting)
  const [perHour, setPerHour] = useState<number | string>(rate.default)
  const apply = useMutation({
    mutationFn: (body: ApplyRequest) =>
      send<ApplyReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/backlog/apply`, body),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  const isValid = typeof cap === 'number' && typeof perHour === 'number'
  const { versionId, upTo } = backlog
  return (
    <Stack gap="md">
      <p className="flush">
        {plural(backlog.waiting, 'record waits', 'records wait')} for {versionText(backlog)}, the oldest since{' '}
        {day(backlog.oldest)}.
      </p>
      <Moves {...backlog} />
      <NumberInput
        label="Records in all"
        description={`Up to ${number(backlog.waiting)}. The rest goes on waiting.`}
        min={1}
        max={backlog.waiting}
        allowDecimal={false}
        clampBehavior="strict"
        value={cap}
        onChange={setCap}
      />
      <NumberInput
        label="Records an hour"
        description={`Up to ${number(rate.max)}. A tenth of them may go in the first six minutes.`}
        min={1}
        max={rate.max}
        allowDecimal={false}
        clampBehavior="strict"
        value={perHour}
        onChange={setPerHour}
      />
      {isValid && (
        <p className="flush">
          Takes about {duration((cap / perHour) * 3_600_000)}
          {perDay !== null && cap > perDay && `, or longer: this pilot may change ${plural(perDay, 'owner')} a day`}.
          You can stop it at any time.
        </p>
      )}
      <DialogActions error={apply.error} onCancel={onClose}>
        <Button
          disabled={!isValid}
          loading={apply.isPending}
          onClick={() => isValid && apply.mutate({ versionId, upTo, cap, perHour })}
        >
          Apply to {isValid ? plural(cap, 'record') : 'records'}
        </Button>
      </DialogActions>
    </Stack>
  )
}

function Moves({ moves, otherMoves, branches }: Backlog) {
  const isOne = new Set(moves.map(({ connection }) => connection)).size === 1
  const named = branches.filter(({ branch }) => branch !== null)
  return (
    <div>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Owner change</Table.Th>
            <Table.Th ta="right" w={96}>
              Records
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {moves.map(({ connection, from, to, records }) => (
            <Table.Tr key={`${connection}/${from}/${to}`}>
              <Table.Td>
                {from ?? 'nobody'} → {to ?? 'not known yet'}
                {!isOne && <span className="quiet"> in {connection}</span>}
              </Table.Td>
              <Table.Td ta="right" valign="top">
                {number(records)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {otherMoves.pairs > 0 && (
        <p className="quiet">
          and {plural(otherMoves.records, 'record')} between {plural(otherMoves.pairs, 'other pair')} of owners
        </p>
      )}
      {named.length > 0 && (
        <p className="quiet">
          By branch: {named.map(({ branch, records }) => `${branch} ${number(records)}`).join(', ')}
        </p>
      )}
    </div>
  )
}
