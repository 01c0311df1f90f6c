import { personEmail } from '../../model/matching/person-email.ts'
import { slipOf } from '../nearest-name.ts'

/** What to say of an e-mail that nobody has, and which one was probably meant. */
export function nobodyKnown(email: string, known: readonly string[]): string {
  const meant = slipOf(personEmail(email), known)
  const says = `Nobody has the e-mail ${email.trim()}: no user of a connected CRM, no policy and no open task.`
  return meant === undefined ? says : `${says} Did you mean ${meant}?`
}
