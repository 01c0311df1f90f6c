import type { EntryProblem } from './grant.ts'

/** What is wrong with a pasted secret, by its looks. Never repeats it. */
export function secretProblems(field: string, name: string, value: string): EntryProblem[] {
  if (value === '') return [{ field, message: `Enter the ${name}.` }]
  if (/^[\x21-\x7e]+$/.test(value)) return []
  // It stands in headers and forms; a line break in it comes from copying.
  const message = `The ${name} holds a blank, a line break or a letter that none has: copy it again.`
  return [{ field, message }]
}

export function versionProblems(apiVersion: string, pattern: RegExp, example: string): EntryProblem[] {
  if (pattern.test(apiVersion)) return []
  const message = `"${apiVersion.slice(0, 40)}" is not an API version: use ${example}.`
  return [{ field: 'apiVersion', message }]
}
