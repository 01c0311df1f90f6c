import { Button, Group, PasswordInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { send } from '../server/api.ts'

/** Rotation in two steps: both secrets work until the admin retires the old one, so no webhook is rejected. */
export function ClientSecret({ connection }: { connection: ConnectionView }) {
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
    <>
      <h3>Client secret</h3>
      <p className="quiet">Create a new secret in the CRM and add it here. Both work until you retire the old one.</p>
      <form onSubmit={submit}>
        <Group gap={8} mt="xs" align="flex-start">
          <PasswordInput
            aria-label={`New client secret of ${connection.title}`}
            placeholder="New client secret"
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
            error={problemOf(add.error, 'add') ?? problemOf(add.error, 'clientSecret')}
            autoComplete="off"
            flex="1 1 220px"
            maw={360}
          />
          <Button type="submit" variant="default" disabled={secret === ''} loading={add.isPending}>
            Add secret
          </Button>
          <Button variant="default" loading={retire.isPending} onClick={() => retire.mutate()}>
            Retire old secret
          </Button>
        </Group>
      </form>
      {add.isSuccess && !retire.isSuccess && (
        <p role="status">Added. Retire the old secret when the CRM uses the new one.</p>
      )}
      {retire.isSuccess && <p role="status">Only the newest secret works now.</p>}
      {add.error && !isOnlyAbout(add.error, ['add', 'clientSecret']) && <ProblemNotice error={add.error} />}
      {retire.error && <ProblemNotice error={retire.error} />}
    </>
  )
}
