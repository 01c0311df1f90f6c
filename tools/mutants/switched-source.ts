import type { UnknownBranch } from './unknown-branches.ts'

/** A branch by its number among all, which is how a switch names it. */
export type NumberedBranch = UnknownBranch & { readonly number: number }

/** The global function that every switched place asks. It notes that the place was reached. */
export const IS_REMOVED = 'isUnknownBranchRemoved'

/**
 * The text of one file with a switch at each of its unknown branches, so that one process tries all of them without loading
 * the model again.
 */
export function withSwitches(text: string, branches: readonly NumberedBranch[]): string {
  const outermostFirst = branches.toSorted((a, b) => a.start - b.start || b.end - a.end)
  return switched(text, 0, text.length, outermostFirst)
}

function switched(text: string, from: number, to: number, branches: readonly NumberedBranch[]): string {
  const [first, ...others] = branches
  if (first === undefined) return text.slice(from, to)
  const within = others.filter(({ end }) => end <= first.end)
  const was = switched(text, first.start, first.end, within)
  const replaced = `(globalThis.${IS_REMOVED}(${first.number}) ? (${first.becomes}) : (${was}))`
  const after = others.filter(({ end }) => end > first.end)
  return text.slice(from, first.start) + replaced + switched(text, first.end, to, after)
}
