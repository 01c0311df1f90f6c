/** What a date can hold: 100 million days on either side of 1970. */
export const DATE_MAX_MS = 8.64e15

/** A whole millisecond that a date can hold. What comes from outside may be a fraction, endless or no number. */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= DATE_MAX_MS
}
