import { Button, Radio, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { DisconnectReply } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { crmName } from '../connect/crms.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { queryClient, send } from '../server/api.ts'

type Props = { connection: ConnectionView; opened: boolean; onClose: () => void }

/** Names the consequences first. Erasing needs the connection's name, typed by hand. */
export function DisconnectDialog({ connection, opened, onClose }: Props) {
  const gone = connection.status === 'disconnected'
  const [outcome, setOutcome] = useState<DisconnectReply | null>(null)
  async function close() {
    onClose()
    if (!outcome) return
    setOutcome(null)
    await queryClient.invalidateQueries({ queryKey: ['console'] })
  }
  const title = outcome
    ? `${connection.title} is disconnected`
    : gone
      ? `Erase the history of ${connection.title}?`
      : `Disconnect ${connection.title}?`
  return (
    <Dialog title={title} opened={opened} onClose={() => void close()}>
      {outcome ? (
        <Outcome outcome={outcome} onClose={() => void close()} />
      ) : (
        <DisconnectForm connection={connection} onDone={setOutcome} onClose={onClose} />
      )}
    </Dialog>
  )
}

function Outcome({ outcome, onClose }: { outcome: DisconnectReply; onClose: () => void }) {
  return (
    <>
      <ul className="bullets">
        {outcome.message.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <Button mt="md" onClick={onClose}>
        Close
      </Button>
    </>
  )
}

type FormProps = { connection: ConnectionView; onDone: (outcome: DisconnectReply) => void; onClose: () => void }

function DisconnectForm({ connection, onDone, onClose }: FormProps) {
  const gone = connection.status === 'disconnected'
  const [history, setHistory] = useState<'keep' | 'erase'>(gone ? 'erase' : 'keep')
  const [typed, setTyped] = useState('')
  const end = useMutation({
    mutationFn: () =>
      send<DisconnectReply>(`/api/console/connections/${encodeURIComponent(connection.id)}/disconnect`, {
        history,
        title: typed,
      }),
    onSuccess: onDone,
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    end.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={14}>
        {!gone && <Consequences connection={connection} />}
        {!gone && <HistoryChoice value={history} onChange={setHistory} />}
        {history === 'erase' && (
          <TextInput
            label={
              <>
                Type <strong>{connection.title}</strong> to confirm
              </>
            }
            description="You cannot undo this."
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        <DialogActions error={end.error} onCancel={onClose}>
          <Button
            type="submit"
            className="danger"
            loading={end.isPending}
            disabled={history === 'erase' && typed.trim() !== connection.title}
          >
            {gone ? 'Erase' : history === 'erase' ? 'Disconnect and erase' : 'Disconnect'}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}

function Consequences({ connection }: { connection: ConnectionView }) {
  const crm = crmName(connection.crm)
  return (
    <ul className="bullets">
      <li>Reading and writing stop at once. Lanekeeper finds no new cases in {crm}.</li>
      <li>Lanekeeper revokes its tokens in {crm} where possible, and deletes them here.</li>
      <li>Existing tasks stay in {crm} with their owners.</li>
      {connection.madeBy === 'environment' && (
        <li>Also remove the credentials from server settings, or Lanekeeper reconnects at the next start.</li>
      )}
    </ul>
  )
}

function HistoryChoice(props: { value: 'keep' | 'erase'; onChange: (value: 'keep' | 'erase') => void }) {
  return (
    <Radio.Group label="History" value={props.value} onChange={(value) => props.onChange(value as 'keep')}>
      <Stack gap="sm" mt={6}>
        <Radio
          value="keep"
          label="Keep history"
          description="Records, cases and the ledger stay readable. If you reconnect the same account, it continues from here."
        />
        <Radio
          value="erase"
          label="Erase history"
          description="Deletes records, changes and cases. The ledger keeps its hashes without the content."
        />
      </Stack>
    </Radio.Group>
  )
}
