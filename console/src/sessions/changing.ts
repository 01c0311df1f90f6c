import { type UseMutationResult, useMutation } from '@tanstack/react-query'
import { queryClient, send } from '../server/api.ts'

type Change = { path: string; method?: string; body?: unknown }

/** Changes something and reads the page again. */
export function useChange<Reply = void>(): UseMutationResult<Reply, Error, Change> {
  return useMutation({
    mutationFn: ({ path, method, body }: Change) => send<Reply>(`/api/console${path}`, body, method),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console', 'sessions'] }),
  })
}
