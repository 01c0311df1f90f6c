import { Button, Group, Paper, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { draftQuery, queryClient, send } from '../server/api.ts'
import { canCreateTaskKey, crmName } from './crms.ts'

type TaskKeySupport = NonNullable<DraftReply['taskKey']>

/** Whether the CRM itself rejects a duplicate task, and how to get there. */
export function TaskKey({ draft }: { draft: DraftReply }) {
  const { taskKey } = draft
  if (!taskKey) return null
  const crm = crmName(draft.crm)
  return (
    <Paper component="section" aria-labelledby="task-key">
      <Title order={2} id="task-key" mb={8}>
        Duplicate protection
      </Title>
      {taskKey.enforced ? (
        <p>
          {crm} rejects a second task for the same case
          {taskKey.field && (
            <>
              , by the unique field <code>{taskKey.field}</code>
            </>
          )}
          .
        </p>
      ) : (
        <>
          <p>
            Checked by read-back, which costs one more API call per retry. Add the unique property to let {crm} enforce
            it.
          </p>
          <p className="quiet">{taskKey.why}</p>
          {canCreateTaskKey(draft.crm) ? <Create draft={draft} /> : <SetupSteps />}
        </>
      )}
    </Paper>
  )
}

function Create({ draft }: { draft: DraftReply }) {
  const make = useMutation({
    mutationFn: () => send<TaskKeySupport>(`/api/console/drafts/${encodeURIComponent(draft.id)}/task-key`),
    onSuccess: (made) => queryClient.setQueryData(draftQuery(draft.id).queryKey, { ...draft, taskKey: made }),
  })
  return (
    <>
      <Group gap={14} mt={6}>
        <Button size="xs" variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          Add the unique property
        </Button>
        <span className="quiet">Adds one property to tasks in your portal. You can also do it later.</span>
      </Group>
      {make.data && !make.data.enforced && <p className="late">Could not add it: {make.data.why}</p>}
      {make.error && <ProblemNotice error={make.error} />}
    </>
  )
}

function SetupSteps() {
  return (
    <details>
      <summary>How to add it in Setup</summary>
      <ul className="bullets">
        <li>
          Setup, Object Manager, <strong>Activity</strong>, Fields &amp; Relationships, <strong>New</strong>
        </li>
        <li>
          Type <strong>Text</strong>, length 255. Check <strong>Unique</strong> (case sensitive) and{' '}
          <strong>External ID</strong>.
        </li>
        <li>
          <CopyField label="Field name" value="Lanekeeper_Key" />
        </li>
        <li>Make it visible and editable for the integration user, then click Check again above.</li>
      </ul>
    </details>
  )
}
