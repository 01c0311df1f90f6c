import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { CodeReply } from '../../../src/api/sessions/session-types.ts'
import { send } from '../server/api.ts'
import { ProblemNotice } from './notices.tsx'

type Props = {
  purpose: 'sign-in' | 'add'
  returnTo?: string | undefined
  onDone: (reply: CodeReply) => void
}

/** Asks for an address, then for the code that was mailed there. */
export function CodeForm({ purpose, returnTo, onDone }: Props) {
  const [address, setAddress] = useState('')
  const [code, setCode] = useState('')
  const ask = useMutation({
    mutationFn: () => send<void>('/api/session/code', { address: address.trim(), purpose, returnTo }),
    onSuccess: () => setCode(''),
  })
  const answer = useMutation({
    mutationFn: () => send<CodeReply>('/api/session/code/answer', { address: address.trim(), code }),
    onSuccess: onDone,
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (ask.isSuccess) answer.mutate()
    else ask.mutate()
  }
  function again() {
    ask.reset()
    answer.reset()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={8}>
        <TextInput
          label="E-mail address"
          type="email"
          autoComplete="email"
          required
          value={address}
          readOnly={ask.isSuccess}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        {ask.isSuccess && (
          <>
            <p role="status">
              {purpose === 'add' ? 'We sent a code there.' : 'If somebody here has this address, a code is on its way.'}{' '}
              It works for 10 minutes, in this browser.
            </p>
            <TextInput
              label="Code from the mail"
              inputMode="numeric"
              autoComplete="one-time-code"
              autoFocus
              required
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          </>
        )}
        {(ask.error ?? answer.error) && <ProblemNotice error={ask.error ?? answer.error} />}
        <Group gap={8}>
          <Button type="submit" variant="default" loading={ask.isPending || answer.isPending}>
            {ask.isSuccess ? (purpose === 'add' ? 'Add this address' : 'Sign in') : 'Mail me a code'}
          </Button>
          {ask.isSuccess && (
            <Button variant="subtle" onClick={again}>
              Ask again
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}
