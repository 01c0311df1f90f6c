/** M5: exactly five classes, and every exception has exactly one. */
export const EXCEPTION_CLASSES = ['expected', 'risky', 'customer-facing', 'revenue-impacting', 'unknown'] as const
export type ExceptionClass = (typeof EXCEPTION_CLASSES)[number]

/** What happens by default while the exception is open. */
export type Posture = 'confirm' | 'hold' | 'stop'

/** Which circle of reviewers may work a class. */
export type ReviewCircle = 'general' | 'senior' | 'approved'
