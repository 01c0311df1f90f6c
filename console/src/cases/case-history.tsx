import { Paper, Text, Timeline, Title } from '@mantine/core'
import type { CaseReply } from '../../../src/api/cases/case-types.ts'
import { exact, labelOf } from '../parts/format.ts'

type Entry = CaseReply['history'][number]

/** The ledger's entries for this case, oldest first. */
export function CaseHistory({ found }: { found: CaseReply }) {
  const { history } = found
  const created = history.find((entry) => entry.kind === 'task-write-done')
  return (
    <Paper component="section" aria-labelledby="history">
      <Title order={2} id="history" mb={10}>
        History
      </Title>
      {history.length === 0 && <p className="quiet">No history for this record yet.</p>}
      <Timeline bulletSize={10} lineWidth={2} active={history.length} color="var(--fill)">
        {history.map((entry) => (
          <Timeline.Item key={entry.seq} title={entry === created ? taskCreated(found) : titleOf(entry)}>
            {entry.says && <p>{entry.says}</p>}
            <Text size="xs" c="dimmed">
              {exact(entry.at)}, ledger no. {entry.seq}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Paper>
  )
}

function taskCreated({ task }: CaseReply): string {
  return task ? `Task created for ${task.owner.name}` : 'Task created'
}

/** "Fixed by a rule (dach)". Lanekeeper itself is the usual actor and goes without saying. */
function titleOf({ kind, actor }: Entry): string {
  const by = actor.replace(/^rule:/, '')
  return actor === 'lanekeeper' ? labelOf(kind) : `${labelOf(kind)} (${by})`
}
