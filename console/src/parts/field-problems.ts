import { ApiProblem } from '../server/api.ts'

/** The server's sentence for one input, when its answer names it. */
export function problemOf(error: unknown, field: string): string | null {
  if (!(error instanceof ApiProblem)) return null
  return error.problem.errors?.find((one) => one.field === field)?.problem ?? null
}

/** Whether every sentence of the answer has an input to stand at. */
export function isOnlyAbout(error: unknown, fields: readonly string[]): boolean {
  const errors = error instanceof ApiProblem ? error.problem.errors : undefined
  return errors !== undefined && errors.length > 0 && errors.every((one) => fields.includes(one.field))
}
