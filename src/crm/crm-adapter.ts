import type { CrmProfile } from '../model/record/crm-profile.ts'

/** Everything that the product needs to work with one kind of CRM. A new CRM is one of these and a line in the registry. */
export type CrmAdapter = {
  readonly profile: CrmProfile
}
