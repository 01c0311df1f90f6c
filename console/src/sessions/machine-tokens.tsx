import { Button, Checkbox, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { SessionsReply, TokenMade } from '../../../src/api/sessions/own-session-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { ago } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { useChange } from './changing.ts'
import { Row, Rows } from './rows.tsx'
import { Section } from './section.tsx'

type Props = Pick<SessionsReply, 'tokens' | 'workflows' | 'people'>

/** Tokens of machines: they read, or ask for a pause, and decide nothing. */
export function MachineTokens({ tokens, workflows, people }: Props) {
  const revoke = useChange<unknown>()
  return (
    <Section title="Machine tokens">
      <p className="quiet">
        For a script that reads what the console shows, or asks for a pause. A token never decides, accepts or
        publishes; its keeper answers for it.
      </p>
      {revoke.error && <ProblemNotice error={revoke.error} />}
      <Rows>
        {tokens.map(({ id, title, workflow, keeper, scopes, lastUsedAt }) => (
          <Row
            key={id}
            action={
              <Button
                size="xs"
                variant="default"
                aria-label={`Revoke ${title}`}
                onClick={() => revoke.mutate({ path: `/tokens/${id}`, method: 'DELETE' })}
              >
                Revoke
              </Button>
            }
          >
            <strong>{title}</strong>
            <span className="quiet">
              {workflow}, keeper {keeper}, may {scopes.map((scope) => SCOPES[scope] ?? scope).join(' and ')},{' '}
              {lastUsedAt === null ? 'never used' : `last used ${ago(lastUsedAt, Date.now())}`}
            </span>
          </Row>
        ))}
      </Rows>
      {workflows.length > 0 && people.length > 0 ? (
        <MakeToken workflows={workflows} people={people} />
      ) : (
        <p className="quiet">A token belongs to a workflow in force, and there is none yet.</p>
      )}
    </Section>
  )
}

const SCOPES: Readonly<Record<string, string>> = { read: 'read', 'ask-for-pause': 'ask for a pause' }

function MakeToken({ workflows, people }: Omit<Props, 'tokens'>) {
  const make = useChange<TokenMade>()
  const [title, setTitle] = useState('')
  const [workflow, setWorkflow] = useState(workflows[0]!)
  const [keeperId, setKeeperId] = useState(people[0]!.id)
  const [scopes, setScopes] = useState<string[]>(['read'])
  function submit(event: FormEvent) {
    event.preventDefault()
    make.mutate({ path: '/tokens', body: { title, workflow, keeperId, scopes } }, { onSuccess: () => setTitle('') })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={8}>
        {make.error && <ProblemNotice error={make.error} />}
        {make.data && (
          <Notice title="Copy the token now: it is shown once">
            <CopyField label="Token" value={make.data.token} />
          </Notice>
        )}
        <Group align="flex-end" gap={8}>
          <TextInput
            label="What it is for"
            required
            maxLength={100}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <NativeSelect
            label="Workflow"
            data={workflows}
            value={workflow}
            onChange={(event) => setWorkflow(event.currentTarget.value)}
          />
          <NativeSelect
            label="Keeper"
            data={people.map(({ id, name }) => ({ value: id, label: name }))}
            value={keeperId}
            onChange={(event) => setKeeperId(event.currentTarget.value)}
          />
        </Group>
        <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
          <Group gap={16} mt={4}>
            <Checkbox value="read" label="Read" />
            <Checkbox value="ask-for-pause" label="Ask for a pause" />
          </Group>
        </Checkbox.Group>
        <Group>
          <Button type="submit" variant="default" loading={make.isPending} disabled={scopes.length === 0}>
            Make a token
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
