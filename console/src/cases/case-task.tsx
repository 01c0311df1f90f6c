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
      {task ? (
        <Stack gap={8} align="flex-start">
          {found.causeTitle && <p>{found.causeTitle}</p>}
          <FactList labelWidth={60}>
            <FactRow label="Status">{statusOf(task)}</FactRow>
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
              Closed in the CRM. Lanekeeper is checking whether the problem is gone and waits for{' '}
              {task.checking.waitsFor} since {exact(task.checking.since)}.
            </p>
          )}
          <OutLink href={task.url}>Open in {crmName(found.connection.crm)}</OutLink>
        </Stack>
      ) : (
        <p className="quiet">
          {found.status === 'settled-by-rule' ? 'No task: a rule fixed it.' : 'No task has been created yet.'}
        </p>
      )}
      {found.notSent && <p>Not sent: {found.notSent.says}.</p>}
    </Paper>
  )
}

function statusOf(task: NonNullable<CaseReply['task']>): string {
  const done = task.closedBy ? `Done (${labelOf(task.closedBy).toLowerCase()})` : 'Done'
  return `${task.status === 'open' ? 'Open' : done}${task.written ? '' : ', being written to the CRM'}`
}
