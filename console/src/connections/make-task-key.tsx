import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

/** Creates the unique task property on a connection that was set up without it. */
export function MakeTaskKey({ connectionId }: { connectionId: string }) {
  const make = useMutation({
    mutationFn: () => send(`/api/console/connections/${encodeURIComponent(connectionId)}/task-key`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  return (
    <>
      <Button size="xs" variant="default" mt={6} loading={make.isPending} onClick={() => make.mutate()}>
        Add the unique property
      </Button>
      {make.error && <ProblemNotice error={make.error} />}
    </>
  )
}
