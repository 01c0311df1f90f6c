import type { Session } from '../../store/people/sessions.ts'
import type { SessionReply } from './session-types.ts'

export function sessionReply({ personId, name, method, onlyPauses, expiresAt }: Session): SessionReply {
  return { person: { id: personId, name }, method, onlyPauses, expiresAt: expiresAt.toISOString() }
}
