import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import type { SessionsReply } from '../../../src/api/sessions/own-session-types.ts'
import type { SignInMethod } from '../../../src/api/sessions/session-types.ts'
import { CodeForm } from '../parts/code-form.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { ProviderButton } from '../parts/provider-button.tsx'
import { queryClient } from '../server/api.ts'
import { useChange } from './changing.ts'
import { Row, Rows } from './rows.tsx'
import { Section } from './section.tsx'

const WAYS = { oidc: 'Identity provider', mail: 'Mailed codes', crm: 'CRM user' } as const

/** Accounts and addresses that are confirmed as this person's. */
export function SignInWays({ data, method }: { data: SessionsReply; method: SignInMethod }) {
  const change = useChange<unknown>()
  const [isAdding, setAdding] = useState(false)
  const { ways, provider, code } = data
  const mayAdd = method !== 'sandbox' && (provider !== null || code)
  return (
    <Section title="Who you are elsewhere">
      {change.error && <ProblemNotice error={change.error} />}
      {ways.length === 0 && <p className="quiet">No account or address is confirmed as yours yet.</p>}
      <Rows>
        {ways.map(({ id, way, label }) => (
          <Row
            key={id}
            action={
              <Button
                size="xs"
                variant="default"
                aria-label={`Remove ${label}`}
                onClick={() => change.mutate({ path: `/sign-in-ways/${id}`, method: 'DELETE' })}
              >
                Remove
              </Button>
            }
          >
            <strong>{label}</strong>
            <span className="quiet">{WAYS[way]}</span>
          </Row>
        ))}
      </Rows>
      {mayAdd && (
        <Group>
          {provider !== null && <ProviderButton purpose="add">{`Add your account at ${provider}`}</ProviderButton>}
          {code && (
            <Button variant="default" onClick={() => setAdding(true)}>
              Add an e-mail address
            </Button>
          )}
        </Group>
      )}
      {mayAdd && method === 'link' && (
        <p className="quiet">
          You signed in with a link, so what you add waits for somebody else: an admin who did not make the link.
        </p>
      )}
      <Dialog title="Add an e-mail address for codes" opened={isAdding} onClose={() => setAdding(false)}>
        <CodeForm
          purpose="add"
          onDone={() => {
            setAdding(false)
            void queryClient.invalidateQueries({ queryKey: ['console', 'sessions'] })
          }}
        />
      </Dialog>
    </Section>
  )
}
