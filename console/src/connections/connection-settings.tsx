import { Button, PasswordInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Shares } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { SharesEditor } from '../parts/shares-editor.tsx'
import { queryClient, send } from '../server/api.ts'
import { DisconnectDialog } from './disconnect-dialog.tsx'

/** What an admin changes about a connection that stands. */
export function ConnectionSettings({ connection }: { connection: ConnectionView }) {
  const [ending, setEnding] = useState(false)
  const gone = connection.status === 'disconnected'
  const hasSecret = connection.grantKind !== null && connection.grantKind !== 'salesforce-jwt'
  return (
    <>
      {!gone && (
        <details className="fold">
          <summary>Limits and secrets</summary>
          {connection.budget && <Limits connection={connection} budget={connection.budget} />}
          {hasSecret && connection.madeBy !== 'environment' && <ClientSecret connection={connection} />}
          {connection.madeBy === 'environment' && (
            <p className="quiet">Its credentials come from the settings of this service, so they are changed there.</p>
          )}
        </details>
      )}
      <div className="row connection-end">
        <Button size="xs" variant="default" onClick={() => setEnding(true)}>
          {gone ? 'Erase its history' : 'Disconnect'}
        </Button>
      </div>
      {ending && <DisconnectDialog connection={connection} onClose={() => setEnding(false)} />}
    </>
  )
}

function Limits(props: { connection: ConnectionView; budget: NonNullable<ConnectionView['budget']> }) {
  const { connection, budget } = props
  const stored: Shares = { dayShare: budget.dayShare, windowShare: budget.windowShare }
  const [changed, setChanged] = useState<Shares | null>(null)
  const save = useMutation({
    mutationFn: (shares: Shares) =>
      send<Shares>(`/api/console/connections/${encodeURIComponent(connection.id)}/shares`, shares),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console', 'connections'] })
      setChanged(null)
    },
  })
  return (
    <div className="setting">
      <h3>Our share of its limits</h3>
      <SharesEditor shares={changed ?? stored} limits={connection.access?.limits ?? null} onChange={setChanged} />
      <div className="row">
        <Button
          size="xs"
          variant="default"
          disabled={changed === null}
          loading={save.isPending}
          onClick={() => changed && save.mutate(changed)}
        >
          Save the shares
        </Button>
        {save.isSuccess && changed === null && <span role="status">Saved</span>}
      </div>
      {save.error && <ProblemNotice error={save.error} />}
    </div>
  )
}

/** In two steps, so that nothing is refused between the CRM's change and ours. */
function ClientSecret({ connection }: { connection: ConnectionView }) {
  const [secret, setSecret] = useState('')
  const path = `/api/console/connections/${encodeURIComponent(connection.id)}/client-secret`
  const add = useMutation({
    mutationFn: () => send(path, { add: secret }),
    onSuccess: () => setSecret(''),
  })
  const retire = useMutation({ mutationFn: () => send(path, { retireOld: true }) })
  function submit(event: FormEvent) {
    event.preventDefault()
    add.mutate()
  }
  return (
    <div className="setting">
      <h3>Client secret</h3>
      <p className="quiet">
        Make a new one in the CRM and add it here: both count until you retire the old one, so nothing is refused in
        between.
      </p>
      <form onSubmit={submit} className="row">
        <PasswordInput
          aria-label={`New client secret of ${connection.title}`}
          placeholder="New client secret"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          error={problemOf(add.error, 'add') ?? problemOf(add.error, 'clientSecret')}
          autoComplete="off"
          className="grow"
        />
        <Button type="submit" size="xs" variant="default" disabled={secret === ''} loading={add.isPending}>
          Add it
        </Button>
        <Button size="xs" variant="default" loading={retire.isPending} onClick={() => retire.mutate()}>
          Retire the old one
        </Button>
      </form>
      {add.isSuccess && !retire.isSuccess && (
        <p role="status">Added. Retire the old one when the CRM has switched to the new one.</p>
      )}
      {retire.isSuccess && <p role="status">Only the newest one counts now.</p>}
      {add.error && !isOnlyAbout(add.error, ['add', 'clientSecret']) && <ProblemNotice error={add.error} />}
      {retire.error && <ProblemNotice error={retire.error} />}
    </div>
  )
}
