import { Paper, SimpleGrid, Text } from '@mantine/core'
import type { AnsweredBy, WorkflowView } from '../../../src/api/workflows/workflow-types.ts'

/** The people behind the workflow: who reviews, overrides, pauses, escalates, and decides where rules decide. */
export function WorkflowPeople({ answers }: { answers: WorkflowView['answers'] }) {
  if (answers.length === 0) return null
  return (
    <Paper withBorder={false} bg="var(--ground)">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }} spacing="sm">
        {answers.map(({ question, groups }) => (
          <dl key={question}>
            <dt className="quiet">{question}</dt>
            {groups.map(({ note, people }) => (
              <dd key={note}>
                {people.length === 0 && <span className="late">Not named</span>}
                {people.map((person) => (
                  <Answering key={person.email} person={person} />
                ))}
                {note && (
                  <Text size="xs" c="dimmed" mb={6}>
                    {note}
                  </Text>
                )}
              </dd>
            ))}
          </dl>
        ))}
      </SimpleGrid>
    </Paper>
  )
}

function Answering({ person }: { person: AnsweredBy }) {
  const trouble = troubleOf(person)
  const title = person.accepted ? `${person.email}, accepted ${person.accepted}` : person.email
  return (
    <Text fw={560} title={title}>
      {person.name}
      {trouble && <span className="late"> ({trouble})</span>}
    </Text>
  )
}

function troubleOf({ known, active, accepted }: AnsweredBy): string | null {
  if (!known) return 'not a user in any connected CRM'
  if (!active) return 'deactivated'
  return accepted === null ? 'has not accepted' : null
}
