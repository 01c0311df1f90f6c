import { useMutation } from '@tanstack/react-query'
import { queryClient, send } from '../server/api.ts'

/** Changes something about people and reads everything again, as who may do what may have changed with it. */
export function usePeopleAct<Body, Reply = unknown>(
  path: string | ((body: Body) => string),
  onDone?: (reply: Reply) => void,
) {
  return useMutation({
    mutationFn: (body: Body) =>
      send<Reply>(`/api/console/people${typeof path === 'string' ? path : path(body)}`, body ?? undefined),
    onSuccess: async (reply) => {
      await queryClient.invalidateQueries({ queryKey: ['console'] })
      onDone?.(reply)
    },
  })
}
