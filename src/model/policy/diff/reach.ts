import type { Change } from './change.ts'

/**
 * Whether rules settle less afterwards and nothing else is different, so that one person may put it in force at once. A new
 * reason counts only beside what narrows: reasons alone are no narrowing.
 */
export function isPurelyNarrowing(changes: readonly Change[]): boolean {
  return (
    changes.some(({ reach }) => reach === 'narrows') &&
    changes.every(({ reach }) => reach === 'narrows' || reach === 'wording')
  )
}

/** M66, as far as the texts say it: the changes by which the workflow does more. Records are counted apart. */
export function widenings(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ reach }) => reach === 'widens')
}
