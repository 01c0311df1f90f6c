import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { AccessView } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { AccessList, accessSays, byUrgency } from '../parts/access-list.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

/** Every permission that we need, as it was when it was last tried. */
export function ConnectionAccess({ connection }: { connection: ConnectionView }) {
  const { access } = connection
  const check = useMutation({
    mutationFn: () => send<AccessView>(`/api/console/connections/${encodeURIComponent(connection.id)}/check`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const slots = access?.streamSlots
  return (
    <details className="fold">
      <summary>{access ? `Permissions: ${accessSays(access.checks).toLowerCase()}` : 'Permissions'}</summary>
      {access ? (
        <AccessList checks={byUrgency(access.checks)} />
      ) : (
        <p className="quiet">They were not tried yet, because this connection was made from settings.</p>
      )}
      {slots && slots.missing.length > 0 && (
        <p className="late">
          Change events are not selected for {slots.missing.join(', ')}; {slots.taken.length} of {slots.max} places are
          taken.
        </p>
      )}
      <Button size="xs" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
        {access ? 'Try all of them again' : 'Try all of them'}
      </Button>
      {check.error && <ProblemNotice error={check.error} />}
    </details>
  )
}
