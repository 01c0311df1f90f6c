/** Of a name, the zone's one name in this runtime; null where it knows none. Names come from CRMs, so there are few. */
const zones = new Map<string, string | null>()
const ZONES_MAX = 2_000

/**
 * Three letters are what people of several places call their time: IST is India's, Israel's and Ireland's, BST is London's and
 * Dhaka's to this runtime, AST is Anchorage's, EST has no summer time. These are zones of one place or of the whole world.
 */
const CERTAIN: ReadonlySet<string> = new Set('UTC UCT GMT CET EET MET WET PRC ROK ROC'.split(' '))

function look(timeZone: string): string | null {
  if (/^[A-Z]{3}$/i.test(timeZone) && !CERTAIN.has(timeZone.toUpperCase())) return null

  let canonical = zones.get(timeZone)
  if (canonical === undefined) {
    try {
      canonical = new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
    } catch {
      canonical = null // RangeError is how the platform says "no such zone"
    }
    if (zones.size >= ZONES_MAX) zones.clear()
    zones.set(timeZone, canonical)
  }
  return canonical
}

/**
 * The zone if this runtime knows it by that name, else null: CRMs name zones that are no longer, or not yet, in the
 * runtime's list, and formatting a time in one of those throws.
 */
export function knownZone(timeZone: string | null): string | null {
  return timeZone === null || look(timeZone) === null ? null : timeZone
}

/** Its one name in this runtime, for zones that have several: `US/Pacific` is America/Los_Angeles. */
export function canonicalZone(timeZone: string): string {
  return look(timeZone) ?? timeZone
}
