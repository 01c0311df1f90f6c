import type { PatternName } from '../../model/policy/policy.ts'

/** The patterns as people say them. */
const TITLES: Readonly<Record<PatternName, string>> = {
  'missing-field': 'Missing field',
  'stale-field': 'Stale field',
  'duplicate-ownership': 'Duplicate ownership',
  'stale-territory': 'Stale territory',
  'orphaned-owner': 'Orphaned owner',
  'no-rule': 'No rule',
  'branch-review': 'Review by policy',
  'ownership-flapping': 'Ownership flapping',
  'write-refused': 'Write refused by the CRM',
}

export function patternTitle(pattern: string): string {
  return (TITLES as Readonly<Record<string, string>>)[pattern] ?? pattern
}
