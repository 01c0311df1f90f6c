import { storable } from '../../model/record/storable-text.ts'

const LENGTH_MAX = 200

/**
 * What is kept of an error, in a counter or beside an event. A counter outlives an erasure, so where a message may quote
 * what it failed on, as Postgres and parsers do, the kind and the code have to do.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  const isQuoting = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
  if (isQuoting || ['SyntaxError', 'RangeError', 'ZodError'].includes(error.name)) {
    return typeof code === 'string' ? `${error.name}: ${code}` : error.name
  }
  return storable(`${error.name}: ${error.message}`.slice(0, LENGTH_MAX))
}
