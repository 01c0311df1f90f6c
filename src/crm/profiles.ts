import { registerProfile } from '../model/record/crm-profile.ts'
import { HUBSPOT } from './hubspot/profile.ts'
import { SALESFORCE } from './salesforce/profile.ts'

/**
 * Makes the facts of each CRM known to the model, without loading what speaks to a CRM: commands that only read our own
 * database or the policies start faster. Processes that open connections import `registry.ts`, which imports this.
 */
for (const profile of [HUBSPOT, SALESFORCE]) registerProfile(profile)
