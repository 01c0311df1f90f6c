/**
 * The zone if this runtime knows it by that name, else null: CRMs name zones that are no longer, or not yet, in the
 * runtime's list, and formatting a time in one of those throws.
 */
export function knownZone(timeZone: string | null): string | null {
  if (timeZone === null) return null
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return timeZone
  } catch {
    return null
  }
}
