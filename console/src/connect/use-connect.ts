import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { AuthorizeReply, NewDraftReply } from '../../../src/api/connections/connect-types.ts'
import { queryClient, send } from '../server/api.ts'
import type { NewDraftInput } from './connect-options.ts'

/** Sends the form, then opens the CRM's sign-in page or the page with the permission checks. */
export function useConnect() {
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (draft: NewDraftInput) => {
      const { draftId, next } = await send<NewDraftReply>('/api/console/drafts', draft)
      if (next === 'authorize') await leaveToAuthorize(draftId)
      return draftId
    },
    onSuccess: async (draftId) => {
      await queryClient.invalidateQueries({ queryKey: ['console', 'drafts'] })
      await navigate({ to: '/connections/new/$draftId', params: { draftId } })
    },
  })
}

/** Never resolves: the CRM's page replaces this one. */
export async function leaveToAuthorize(draftId: string): Promise<never> {
  const path = `/api/console/drafts/${encodeURIComponent(draftId)}/authorize`
  const { authorizeUrl } = await send<AuthorizeReply>(path)
  location.assign(authorizeUrl)
  return new Promise<never>(() => undefined)
}
