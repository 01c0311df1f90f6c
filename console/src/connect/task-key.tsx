import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { CopyField } from '../parts/copy-field.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { draftQuery, queryClient, send } from '../server/api.ts'

type TaskKeySupport = NonNullable<DraftReply['taskKey']>

/** Whether the CRM itself refuses a second task for the same case, and how to get there where it does not yet. */
export function TaskKey({ draft }: { draft: DraftReply }) {
  const { taskKey } = draft
  const make = useMutation({
    mutationFn: () => send<TaskKeySupport>(`/api/console/drafts/${encodeURIComponent(draft.id)}/task-key`),
    onSuccess: (made) => queryClient.setQueryData(draftQuery(draft.id).queryKey, { ...draft, taskKey: made }),
  })
  if (!taskKey) return null
  return (
    <section className="panel" aria-labelledby="task-key">
      <h2 id="task-key">No second task</h2>
      {taskKey.enforced ? (
        <p>
          The CRM itself refuses a second task for the same case
          {taskKey.field && (
            <>
              , by the field <code>{taskKey.field}</code>
            </>
          )}
          .
        </p>
      ) : (
        <>
          <p>
            The CRM does not refuse a second task for the same case. Each task is looked up before it is written again
            instead, which costs a call more.
          </p>
          <p className="quiet">{taskKey.why}</p>
          {draft.crm === 'hubspot' ? (
            <div className="row">
              <Button size="xs" variant="default" loading={make.isPending} onClick={() => make.mutate()}>
                Create it
              </Button>
              <span className="quiet">Adds one unique property to tasks in your portal. It can be done later.</span>
            </div>
          ) : (
            <SalesforceSteps />
          )}
          {make.data && !make.data.enforced && <p className="late">It could not be made: {make.data.why}</p>}
          {make.error && <ProblemNotice error={make.error} />}
        </>
      )}
    </section>
  )
}

function SalesforceSteps() {
  return (
    <details>
      <summary>How to make it in Setup</summary>
      <ul className="bullets">
        <li>
          Setup, Object Manager, <strong>Activity</strong>, Fields &amp; Relationships, <strong>New</strong>
        </li>
        <li>
          Type <strong>Text</strong>, length 255. Tick <strong>Unique</strong> (case sensitive) and{' '}
          <strong>External ID</strong>.
        </li>
        <li>
          <CopyField label="Field name" value="Lanekeeper_Key" />
        </li>
        <li>Make it visible and editable for the integration user, then press Try again above.</li>
      </ul>
    </details>
  )
}
