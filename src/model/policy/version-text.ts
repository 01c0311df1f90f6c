/** `version 3 of Nov 24, 2026`: a version by its number among those of its workflow, and the day it first ran (UTC). */
export function versionText({ number, storedAt }: { readonly number: number; readonly storedAt: Date }): string {
  return `version ${number} of ${DAY.format(storedAt)}`
}

const DAY = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' })
