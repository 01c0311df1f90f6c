import type { PatternName } from '../policy/policy.ts'

/**
 * M9: a wrong answer to one of these changes who works a record, so the case is at least risky whatever a policy says.
 */
export const LOWEST_CLASS: Readonly<Partial<Record<PatternName, 'risky'>>> = {
  'duplicate-ownership': 'risky',
  'stale-territory': 'risky',
  'orphaned-owner': 'risky',
  'ownership-flapping': 'risky',
  'write-refused': 'risky',
}
