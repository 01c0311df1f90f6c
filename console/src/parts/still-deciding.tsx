import { plural } from './format.ts'
import { Notice } from './notices.tsx'

/** In daily use a few records always wait, for a second or two. */
const SAID_FROM = 20

/** Says that the figures and lists beside it are not final while many records wait for their decision. */
export function StillDeciding({ records, what }: { records: number; what: string }) {
  if (records < SAID_FROM) return null
  return (
    <Notice>
      <p>
        <strong>{plural(records, 'record')} still to be decided.</strong> {what} until then.
      </p>
    </Notice>
  )
}
