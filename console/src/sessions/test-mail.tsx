import { Button, Group, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { ProblemNotice } from '../parts/notices.tsx'
import { useChange } from './changing.ts'
import { Section } from './section.tsx'

/** Shows an admin in the server's own words why no mail leaves. */
export function TestMail({ isSet }: { isSet: boolean }) {
  const test = useChange()
  const [to, setTo] = useState('')
  function submit(event: FormEvent) {
    event.preventDefault()
    test.mutate({ path: '/mail/test', body: { to: to.trim() } })
  }
  return (
    <Section title="Mail">
      {isSet ? (
        <form onSubmit={submit}>
          <Group align="flex-end" gap={8}>
            <TextInput
              label="Send a test mail to"
              type="email"
              required
              value={to}
              onChange={(event) => setTo(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" loading={test.isPending}>
              Send
            </Button>
          </Group>
        </form>
      ) : (
        <p className="quiet">
          No mail server is set, so there are no mailed codes. Set <code>LANEKEEPER_SMTP_URL</code> and{' '}
          <code>LANEKEEPER_MAIL_FROM</code>, then restart Lanekeeper.
        </p>
      )}
      {test.error && <ProblemNotice error={test.error} />}
      {test.isSuccess && <p role="status">The mail server took the mail. Look into the mailbox.</p>}
    </Section>
  )
}
