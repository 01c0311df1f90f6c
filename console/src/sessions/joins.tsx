import { Button, Group } from '@mantine/core'
import type { JoinRow } from '../../../src/api/sessions/own-session-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { useChange } from './changing.ts'
import { Row, Rows } from './rows.tsx'
import { Section } from './section.tsx'

/** Accounts and addresses that may be somebody, until a person who knows says so. */
export function Joins({ joins, ownId }: { joins: readonly JoinRow[]; ownId: string }) {
  const change = useChange<unknown>()
  if (joins.length === 0) return null
  return (
    <Section title="Is this the same person?">
      <p className="quiet">
        Confirm only what you know, for example because you asked them. A confirmed account signs in as this person.
      </p>
      {change.error && <ProblemNotice error={change.error} />}
      <Rows>
        {joins.map((join) => (
          <JoinItem
            key={join.id}
            join={join}
            isOwn={join.person.id === ownId}
            onAnswer={(answer) =>
              change.mutate({ path: `/joins/${join.id}`, body: { personId: join.person.id, answer } })
            }
          />
        ))}
      </Rows>
    </Section>
  )
}

type Props = { join: JoinRow; isOwn: boolean; onAnswer: (answer: 'confirm' | 'refuse') => void }

function JoinItem({ join, isOwn, onAnswer }: Props) {
  const { label, person, why, isConflict } = join
  const name = isOwn ? 'you' : person.name
  return (
    <Row
      action={
        <Group gap={6}>
          <Button
            size="xs"
            variant="default"
            aria-label={`Same person: ${label}, ${name}`}
            onClick={() => onAnswer('confirm')}
          >
            Same person
          </Button>
          <Button
            size="xs"
            variant="subtle"
            aria-label={`${isOwn ? 'Not me' : 'Not them'}: ${label}, ${name}`}
            onClick={() => onAnswer('refuse')}
          >
            {isOwn ? 'Not me' : 'Not them'}
          </Button>
        </Group>
      }
    >
      <strong>
        {label} and {isOwn ? 'you' : person.name}
      </strong>
      <span className="quiet">
        {isConflict ? 'Conflict: ' : ''}
        {why}
      </span>
    </Row>
  )
}
