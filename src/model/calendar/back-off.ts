/** How long to wait before a repeated attempt, in whatever unit the bounds are. */
export type BackOff = { readonly first: number; readonly largest: number }

/** Doubles with every failed attempt, up to the largest. `attempt` counts from 1. */
export function backOff({ first, largest }: BackOff, attempt: number): number {
  return Math.min(first * 2 ** (attempt - 1), largest)
}
