import type { Crm } from '../model/record/change-event.ts'
import { registerProfile, UnknownCrmError } from '../model/record/crm-profile.ts'
import type { CrmAdapter } from './crm-adapter.ts'
import { HUBSPOT_ADAPTER } from './hubspot/adapter.ts'
import './profiles.ts'
import { SALESFORCE_ADAPTER } from './salesforce/adapter.ts'

const ADAPTERS = new Map<Crm, CrmAdapter>()

/** Makes a CRM known to the process. Called before anything is read or connected, and never while it runs. */
export function registerAdapter(adapter: CrmAdapter): void {
  registerProfile(adapter.profile)
  ADAPTERS.set(adapter.profile.crm, adapter)
}

/** Throws `UnknownCrmError`. */
export function adapterOf(crm: Crm): CrmAdapter {
  const adapter = ADAPTERS.get(crm)
  if (adapter === undefined) throw new UnknownCrmError(crm)
  return adapter
}

/** In the order of registration. */
export function knownAdapters(): readonly CrmAdapter[] {
  return [...ADAPTERS.values()]
}

registerAdapter(HUBSPOT_ADAPTER)
registerAdapter(SALESFORCE_ADAPTER)
