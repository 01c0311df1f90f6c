import { useNavigate, useRouter } from '@tanstack/react-router'
import type { SessionReply } from '../../../src/api/sessions/session-types.ts'
import { queryClient } from '../server/api.ts'
import { takeWantedPage } from './wanted-page.ts'

/** What follows a sign-in: the page that was wanted before it, or the overview. */
export function useOpenedSession(): (session: SessionReply) => void {
  const navigate = useNavigate()
  const router = useRouter()
  return (session) => {
    queryClient.setQueryData(['session'], session)
    const wanted = takeWantedPage(Date.now())
    if (wanted === null) void navigate({ to: '/overview' })
    else router.history.push(wanted)
  }
}
