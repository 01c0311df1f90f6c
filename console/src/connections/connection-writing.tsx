import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { WritingRequest } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ago } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'
import { useNow } from '../server/live.ts'

/** Whether the workflows may write to this CRM. It begins read only; a person changes that, and can take it back. */
export function ConnectionWriting({ connection }: { connection: ConnectionView }) {
  const now = useNow()
  const [asking, setAsking] = useState(false)
  const crm = connection.crm === 'hubspot' ? 'HubSpot' : 'Salesforce'
  const change = useMutation({
    mutationFn: (body: WritingRequest) =>
      send(`/api/console/connections/${encodeURIComponent(connection.id)}/writing`, body),
    onSuccess: async () => {
      setAsking(false)
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  if (connection.writes) {
    return (
      <div className="writing">
        <p>
          Workflows write to {crm}
          <span className="quiet">
            {' '}
            since {ago(connection.writes.since, now)}
            {connection.writes.by && `, let by ${connection.writes.by}`}
          </span>
        </p>
        <Button
          size="xs"
          variant="default"
          loading={change.isPending}
          onClick={() => change.mutate({ allowed: false })}
        >
          Only read from now on
        </Button>
        {change.error && <ProblemNotice error={change.error} />}
      </div>
    )
  }
  return (
    <div className="notice">
      <p className="notice-title">Only read: nothing is written to {crm}</p>
      <p>
        Cases are found and decided as they would be. Look at the <Link to="/cases">cases</Link>; when they are right,
        let the workflows write.
      </p>
      <Button size="xs" mt="xs" onClick={() => setAsking(true)}>
        Let workflows write
      </Button>
      {asking && (
        <Dialog title={`Let workflows write to ${connection.title}`} onClose={() => setAsking(false)}>
          <ul className="bullets">
            <li>
              Cases that are open become tasks in {crm}, each for its named owner. Cases of one cause share a task.
            </li>
            <li>
              Where a workflow is live, its rules may set owners. A workflow in observe mode goes on without writing.
            </li>
            <li>You can take it back at any time; what was written then stays.</li>
          </ul>
          {change.error && <ProblemNotice error={change.error} />}
          <div className="row">
            <Button loading={change.isPending} onClick={() => change.mutate({ allowed: true })}>
              Let them write
            </Button>
            <Button variant="default" onClick={() => setAsking(false)}>
              Not yet
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  )
}
