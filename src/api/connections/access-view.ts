import type { AccessFindings } from '../../model/record/crm-facts.ts'
import type { AccessView } from './connect-types.ts'

/** What the checks found, without what is only ours to know: the actor's id and the origin of the CRM's pages. */
export function accessView({ identity, checks, objects, limits, streamSlots }: AccessFindings): AccessView {
  const { accountId, title, timeZone, actorName, edition } = identity
  return {
    // While the checks run, who we are may not be known yet.
    identity: accountId === '' ? null : { accountId, title, timeZone, actorName, edition },
    checks: checks.map((check) => ({ ...check })),
    objects: objects.map(({ objectType, fields, unreadable }) => ({
      objectType,
      fields,
      unreadable: [...unreadable],
    })),
    limits: limits && { ...limits, window: limits.window && { ...limits.window } },
    streamSlots: streamSlots && {
      max: streamSlots.max,
      taken: [...streamSlots.taken],
      missing: [...streamSlots.missing],
    },
  }
}
