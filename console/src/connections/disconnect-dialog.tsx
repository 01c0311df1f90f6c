import { Button, Radio, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { DisconnectReply } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

/** Says what will happen before it does; erasing takes the name of the connection, typed. */
export function DisconnectDialog({ connection, onClose }: { connection: ConnectionView; onClose: () => void }) {
  const gone = connection.status === 'disconnected'
  const crm = connection.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'
  const [history, setHistory] = useState<'keep' | 'erase'>(gone ? 'erase' : 'keep')
  const [typed, setTyped] = useState('')
  const end = useMutation({
    mutationFn: () =>
      send<DisconnectReply>(`/api/console/connections/${encodeURIComponent(connection.id)}/disconnect`, {
        history,
        title: typed,
      }),
  })
  async function close() {
    onClose()
    if (end.isSuccess) await queryClient.invalidateQueries({ queryKey: ['console'] })
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    end.mutate()
  }
  if (end.data) {
    return (
      <Dialog title={`${connection.title} is disconnected`} onClose={() => void close()}>
        <ul className="bullets">
          {end.data.message.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
        <div className="row">
          <Button onClick={() => void close()}>Close</Button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog
      title={gone ? `Erase the history of ${connection.title}` : `Disconnect ${connection.title}`}
      onClose={onClose}
    >
      <form onSubmit={submit} className="entries">
        {!gone && (
          <ul className="bullets">
            <li>Reading and writing stop at once, and its workflows get no new cases from {crm}.</li>
            <li>The tokens are given back to {crm} where it takes them, and erased here with every secret.</li>
            <li>Tasks that were written stay in {crm}, with their owners.</li>
            {connection.madeBy === 'environment' && (
              <li>
                Its credentials stand in the settings of this service. Remove them there as well, or it is connected
                again at the next start.
              </li>
            )}
          </ul>
        )}
        {!gone && (
          <Radio.Group label="What is recorded here" value={history} onChange={(value) => setHistory(value as 'keep')}>
            <div className="options">
              <Radio
                value="keep"
                label="Keep it"
                description="Records, cases and the ledger stay and can be read. Connecting the same account again goes on from here."
              />
              <Radio
                value="erase"
                label="Erase it"
                description="Records, events and cases are deleted. The ledger keeps its chain of hashes without their content."
              />
            </div>
          </Radio.Group>
        )}
        {history === 'erase' && (
          <TextInput
            label={
              <>
                Type <strong>{connection.title}</strong> to erase it
              </>
            }
            description="This cannot be undone."
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {end.error && <ProblemNotice error={end.error} />}
        <div className="row">
          <Button
            type="submit"
            className="danger"
            loading={end.isPending}
            disabled={history === 'erase' && typed.trim() !== connection.title}
          >
            {gone ? 'Erase' : history === 'erase' ? 'Disconnect and erase' : 'Disconnect'}
          </Button>
          <Button variant="default" onClick={onClose}>
            Leave it as it is
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
