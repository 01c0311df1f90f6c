import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { AccessView } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { AccessList, accessSummary, byUrgency } from '../parts/access-list.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

/** Every permission Lanekeeper needs, as of the last check. */
export function ConnectionAccess({ connection }: { connection: ConnectionView }) {
  const { access } = connection
  const check = useMutation({
    mutationFn: () => send<AccessView>(`/api/console/connections/${encodeURIComponent(connection.id)}/check`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const slots = access?.streamSlots
  return (
    <details className="fold">
      <summary>{access ? accessSummary(access.checks) : 'Permissions'}</summary>
      {access ? (
        <AccessList checks={byUrgency(access.checks)} />
      ) : (
        <p className="quiet">Not checked yet: this connection comes from server settings.</p>
      )}
      {slots && slots.missing.length > 0 && (
        <p className="late">
          Change Data Capture is not selected for {slots.missing.join(', ')}. {slots.taken.length} of {slots.max}{' '}
          entities are selected.
        </p>
      )}
      <Button size="xs" variant="default" mt="xs" loading={check.isPending} onClick={() => check.mutate()}>
        {access ? 'Check again' : 'Check permissions'}
      </Button>
      {check.error && <ProblemNotice error={check.error} />}
    </details>
  )
}
