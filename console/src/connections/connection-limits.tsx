import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Shares } from '../../../src/api/connections/connect-types.ts'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { SharesEditor } from '../parts/shares-editor.tsx'
import { queryClient, send } from '../server/api.ts'

type Props = { connection: ConnectionView; budget: NonNullable<ConnectionView['budget']> }

/** How much of the CRM's API limit Lanekeeper may use. */
export function ConnectionLimits({ connection, budget }: Props) {
  const stored: Shares = { dayShare: budget.dayShare, windowShare: budget.windowShare }
  const [changed, setChanged] = useState<Shares | null>(null)
  const save = useMutation({
    mutationFn: (shares: Shares) =>
      send<Shares>(`/api/console/connections/${encodeURIComponent(connection.id)}/shares`, shares),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console', 'connections'] })
      setChanged(null)
    },
  })
  return (
    <>
      <h3>API limits</h3>
      <SharesEditor shares={changed ?? stored} limits={connection.access?.limits ?? null} onChange={setChanged} />
      <Group gap={14} mt="xs">
        <Button
          size="xs"
          variant="default"
          disabled={changed === null}
          loading={save.isPending}
          onClick={() => changed && save.mutate(changed)}
        >
          Save limits
        </Button>
        {save.isSuccess && changed === null && <span role="status">Saved</span>}
      </Group>
      {save.error && <ProblemNotice error={save.error} />}
    </>
  )
}
