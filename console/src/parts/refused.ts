import { REFUSED } from '../../../src/api/sessions/refusal-types.ts'

/** The sentence of the reason that an address names; null: it names none of ours. */
export function refusedIn(search: string): string | null {
  const why = new URLSearchParams(search).get('refused')
  return why !== null && Object.hasOwn(REFUSED, why) ? REFUSED[why as keyof typeof REFUSED] : null
}
