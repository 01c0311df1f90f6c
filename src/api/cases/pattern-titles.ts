import { findPattern } from '../../model/patterns/registry.ts'

/** The pattern as people say it; a name that is no longer registered, as an old case may have it, as it is. */
export function patternTitle(pattern: string): string {
  return findPattern(pattern)?.title ?? pattern
}
