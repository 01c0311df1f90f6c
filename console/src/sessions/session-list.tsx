import { Badge, Button, Group } from '@mantine/core'
import type { OpenSession } from '../../../src/api/sessions/own-session-types.ts'
import { ago, exact } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { browserName } from './browser-name.ts'
import { useChange } from './changing.ts'
import { METHODS } from './methods.ts'
import { Row, Rows } from './rows.tsx'
import { Section } from './section.tsx'

type Props = { title: string; sessions: readonly OpenSession[]; isOthers?: boolean }

export function SessionList({ title, sessions, isOthers = false }: Props) {
  const change = useChange<unknown>()
  const others = sessions.filter(({ isThis }) => !isThis)
  return (
    <Section title={title}>
      {change.error && <ProblemNotice error={change.error} />}
      {sessions.length === 0 && <p className="quiet">None now.</p>}
      <Rows>
        {sessions.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            isOthers={isOthers}
            onEnd={() => {
              const { id, person } = session
              change.mutate({ path: `/sessions/${id}?${new URLSearchParams({ person: person.id })}`, method: 'DELETE' })
            }}
          />
        ))}
      </Rows>
      {!isOthers && others.length > 0 && (
        <Group>
          <Button variant="default" onClick={() => change.mutate({ path: '/sessions/end-others', body: {} })}>
            End all other sessions
          </Button>
        </Group>
      )}
    </Section>
  )
}

type RowProps = { session: OpenSession; isOthers: boolean; onEnd: () => void }

function SessionRow({ session, isOthers, onEnd }: RowProps) {
  const { person, method, browser, since, seenAt, isThis, onlyPauses } = session
  const name = browserName(browser)
  const what = isOthers ? `${person.name}, ${name}` : name
  return (
    <Row
      action={
        isThis ? (
          <Badge variant="default">This one</Badge>
        ) : (
          <Button size="xs" variant="default" aria-label={`End session: ${what}`} onClick={onEnd}>
            End
          </Button>
        )
      }
    >
      <strong title={browser}>{what}</strong>
      <span className="quiet">
        {onlyPauses ? 'Pause page' : METHODS[method].label}, since{' '}
        <time title={exact(since)}>{ago(since, Date.now())}</time>, last used{' '}
        <time title={exact(seenAt)}>{ago(seenAt, Date.now())}</time>
      </span>
    </Row>
  )
}
