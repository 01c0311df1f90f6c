import { queryOptions } from '@tanstack/react-query'
import type { FirstStepsReply, TryView } from '../../../src/api/changes/try-types.ts'
import { call } from '../server/api.ts'

/** Shown until a workflow is in force, so it follows what people do on other pages. */
export const firstStepsQuery = queryOptions({
  queryKey: ['console', 'first-steps'],
  queryFn: ({ signal }) => call<FirstStepsReply>('/api/console/changes/first-steps', { signal }),
  refetchInterval: 5_000,
})

/** Asked until it is done. */
export function tryQuery(run: string) {
  return queryOptions({
    queryKey: ['console-try', run],
    queryFn: ({ signal }) => call<TryView>(`/api/console/changes/tries/${run}`, { signal }),
    refetchInterval: ({ state }) => (state.data === undefined || state.data.state === 'running' ? 500 : false),
  })
}
