import { Button, SegmentedControl, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { InviteRequest } from '../../../src/api/people/people-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { usersQuery } from '../server/people-queries.ts'
import { usePeopleAct } from './use-people-act.ts'

type Props = { readonly opened: boolean; readonly onClose: () => void }

/** A person of a CRM's user, or of somebody with an e-mail. Nobody gets a job by it. */
export function InviteDialog({ opened, onClose }: Props) {
  return (
    <Dialog title="Invite somebody" opened={opened} onClose={onClose}>
      <InviteForm onClose={onClose} />
    </Dialog>
  )
}

function InviteForm({ onClose }: Omit<Props, 'opened'>) {
  const [by, setBy] = useState<'user' | 'email'>('user')
  const [user, setUser] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const users = useQuery(usersQuery(typed))
  const invite = usePeopleAct<InviteRequest>('', onClose)
  const choices = (users.data?.users ?? []).map(({ connectionId, userId, name: label, where, email: at }) => ({
    value: JSON.stringify([connectionId, userId]),
    label: [label, at, where].filter(Boolean).join(', '),
  }))
  function submit(event: FormEvent) {
    event.preventDefault()
    if (by === 'email') return invite.mutate({ by, email, name })
    if (user === null) return
    const [connectionId, userId] = JSON.parse(user)
    invite.mutate({ by, connectionId, userId })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={14}>
        <SegmentedControl
          aria-label="How they are known"
          data={[
            { value: 'user', label: 'User of a CRM' },
            { value: 'email', label: 'By e-mail' },
          ]}
          value={by}
          onChange={(value) => setBy(value === 'email' ? 'email' : 'user')}
        />
        {by === 'user' ? (
          <Select
            label="User"
            description="Active users who are not here yet. Jobs stay with this user, whatever their e-mail becomes."
            placeholder="Type a name or an e-mail"
            data={choices}
            value={user}
            onChange={setUser}
            onSearchChange={setTyped}
            searchable
            required
            filter={({ options }) => options}
            nothingFoundMessage="No active user of this name"
          />
        ) : (
          <>
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} required />
            <TextInput
              label="E-mail"
              description="They sign in with a mailed code. They can hold every job but reviewer, which needs a CRM user."
              type="email"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              required
            />
          </>
        )}
        <DialogActions error={invite.error} onCancel={onClose}>
          <Button type="submit" loading={invite.isPending} disabled={by === 'user' && user === null}>
            Invite
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
