import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { GoOnReply, GoOnRequest, WorkflowView } from '../../../src/api/workflows/workflow-types.ts'
import { plural } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

/** Records that nothing has happened to and that a new version would change: how many wait, and a button that lets them go. */
export function WorkflowBacklog({ workflow, backlog }: Pick<WorkflowView, 'workflow' | 'backlog'>) {
  const goOn = useMutation({
    mutationFn: (body: GoOnRequest) =>
      send<GoOnReply>(`/api/console/workflows/${encodeURIComponent(workflow)}/go-on`, body),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  if (backlog === null) return null
  const { waiting, letGo, perHour, version, versionId, upTo } = backlog
  const held = waiting - letGo
  return (
    <Notice tone="warn" title={`${plural(waiting, 'record')} would be changed by version ${version}`}>
      <p>
        These records have not changed since this version started, so Lanekeeper updates {perHour} of them an hour.
        Records that change are updated at once.
      </p>
      {letGo > 0 && <p>{plural(letGo, 'released record is', 'released records are')} being updated.</p>}
      {held > 0 && (
        <Button size="xs" mt="xs" loading={goOn.isPending} onClick={() => goOn.mutate({ versionId, upTo })}>
          Go on now
        </Button>
      )}
      {goOn.error && <ProblemNotice error={goOn.error} />}
    </Notice>
  )
}
