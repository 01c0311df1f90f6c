import type { ExceptionClass, Posture, ReviewCircle } from './class.ts'

/** The default posture of each class. A policy may be stricter, never looser; today no policy sets its own. */
export const POSTURE: Readonly<Record<ExceptionClass, Posture>> = {
  expected: 'confirm',
  risky: 'hold',
  'customer-facing': 'stop',
  'revenue-impacting': 'stop',
  unknown: 'stop',
}

/** Which reviewers are asked. */
export const CIRCLE: Readonly<Record<ExceptionClass, ReviewCircle>> = {
  expected: 'general',
  risky: 'general',
  'customer-facing': 'senior',
  'revenue-impacting': 'approved',
  unknown: 'general',
}

/** True where an open exception keeps the workflow from acting on the record. */
export function stopsAction(posture: Posture): boolean {
  return posture !== 'confirm'
}
