import { z } from 'zod'
import type { LoadError } from './workflow-types.ts'

const Problem = z.object({
  line: z.number().nullable().catch(null),
  column: z.number().nullable().catch(null),
  field: z.string().nullable().catch(null),
  message: z.string().catch('The policy file could not be read.'),
})
const Stored = z.object({
  file: z.string().nullable().catch(null),
  errors: z.array(Problem).optional().catch(undefined),
})

/** Why a policy file has errors: one when it could not be parsed, otherwise all of them. */
export function readLoadError(stored: unknown): LoadError | null {
  const parsed = Stored.safeParse(stored)
  if (!parsed.success) return null
  const { file, errors } = parsed.data
  return { file, errors: errors && errors.length > 0 ? errors : [Problem.parse(stored)] }
}

/** `config/workflows/a.yaml, line 12, owners.rollback: is not an email` */
export function loadErrorLine(error: LoadError): string {
  const first = error.errors[0]!
  const place = [error.file, first.line === null ? null : `line ${first.line}`, first.field].filter((part) => part)
  const more = error.errors.length > 1 ? ` (and ${error.errors.length - 1} more)` : ''
  return `${place.length > 0 ? `${place.join(', ')}: ` : ''}${first.message}${more}`
}
