import { ApiProblem } from '../server/api.ts'

/** The server's message about one input, if it has one. */
export function problemOf(error: unknown, field: string): string | null {
  if (!(error instanceof ApiProblem)) return null
  return error.problem.errors?.find((one) => one.field === field)?.problem ?? null
}

/** Whether every message of the answer belongs to one of these inputs. */
export function isOnlyAbout(error: unknown, fields: readonly string[]): boolean {
  const errors = error instanceof ApiProblem ? error.problem.errors : undefined
  return errors !== undefined && errors.length > 0 && errors.every((one) => fields.includes(one.field))
}
