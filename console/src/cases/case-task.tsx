import { Paper, Stack, Title } from '@mantine/core'
import type { CaseReply } from '../../../src/api/cases/case-types.ts'
import { crmName } from '../connect/crms.ts'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { exact, labelOf } from '../parts/format.ts'
import { OutLink } from '../parts/out-link.tsx'

/** The task that the owner sees in the CRM. */
export function CaseTask({ found }: { found: CaseReply }) {
  const { task } = found
  return (
    <Paper component="section" aria-labelledby="task">
      <Title order={2} id="task" mb={10}>
        Task
      </Title>
      {found.closedWithoutChange && (
        <p>
          Closed twice without a change, last on {exact(found.closedWithoutChange.at)}
          {found.closedWithoutChange.by && ` by ${found.closedWithoutChange.by}`}. Lanekeeper creates a task again when
          something that the case rests on changes. Until then the case stays open.
        </p>
      )}
      {task ? (
        <Stack gap={8} align="flex-start">
          {found.causeTitle && <p>{found.causeTitle}</p>}
          <FactList labelWidth={60}>
            <FactRow label="Status">{statusOf(task, crmName(found.connection.crm))}</FactRow>
            <FactRow label="Owner">{task.owner.name}</FactRow>
            <FactRow label="Due">{exact(task.dueAt)}</FactRow>
          </FactList>
          {task.reopened > 0 && (
            <p>
              {task.reopened === 1 ? 'Reopened' : `Reopened ${task.reopened} times`}
              {task.reopenReason && `: ${task.reopenReason}`}
            </p>
          )}
          {task.checking && (
            <p>
              {closedThere(task, crmName(found.connection.crm))}, and being checked since {exact(task.checking.since)}.
              Lanekeeper waits for {task.checking.waitsFor} to see whether the problem is gone.
            </p>
          )}
          <OutLink href={task.url}>Open in {crmName(found.connection.crm)}</OutLink>
        </Stack>
      ) : (
        <p className="quiet">
          {found.status === 'settled-by-rule' && 'No task: a rule fixed it.'}
          {found.status !== 'settled-by-rule' && !found.closedWithoutChange && 'No task has been created yet.'}
        </p>
      )}
      {found.notSent && (
        <p>
          <strong>Not sent yet.</strong> {found.notSent.says}
          {found.notSent.at && ` (${exact(found.notSent.at)})`}.
        </p>
      )}
      {found.lookedAtAgain.map(({ at, because }) => (
        <p key={`${at}/${because}`} className="quiet">
          Looked at again on {exact(at)} because {because}.
        </p>
      ))}
    </Paper>
  )
}

type Task = NonNullable<CaseReply['task']>

function statusOf(task: Task, crm: string): string {
  const { status, closedBy, written } = task
  if (status === 'open') return written ? 'Open' : 'Open, not in the CRM yet'
  if (closedBy === 'person') return closedThere(task, crm)
  if (closedBy === 'lanekeeper') return 'Closed by Lanekeeper'
  return closedBy ? `Closed (${labelOf(closedBy).toLowerCase()})` : 'Closed'
}

/** "Closed in the CRM by Maya Torres", or as much of it as the CRM says. */
function closedThere({ closer }: Task, crm: string): string {
  if (closer === null) return `Closed in ${crm} (Lanekeeper could not see by whom)`
  const who = closer.name ?? `user ${closer.userId}`
  return closer.isLastChange ? `Closed in ${crm}, last changed by ${who}` : `Closed in ${crm} by ${who}`
}
