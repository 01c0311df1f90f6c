import { ACCOUNT } from './account-object.ts'
import { CONTACT } from './contact-object.ts'
import { LEAD } from './lead-object.ts'
import type { ObjectCatalog } from './object-definition.ts'
import { OPPORTUNITY } from './opportunity-object.ts'
import { PEOPLE_OBJECTS } from './people-objects.ts'
import { CHANNEL_MEMBER, SETUP_OBJECTS } from './setup-objects.ts'
import { taskObject } from './task-object.ts'
import { TERRITORY_OBJECTS } from './territory-objects.ts'

/**
 * The objects of the sandbox org. Names, lengths and write rules are those of the vendor's describe answers, reduced to
 * what a sales team of this size fills in, plus the custom fields that Brightwater's admin added.
 */
export function buildCatalog(options: { readonly taskExternalId: boolean }): ObjectCatalog {
  const task = taskObject({ externalId: options.taskExternalId })
  const sales = [LEAD, ACCOUNT, CONTACT, OPPORTUNITY]
  const objects = [...sales, ...PEOPLE_OBJECTS, ...SETUP_OBJECTS, ...TERRITORY_OBJECTS, CHANNEL_MEMBER, task]
  return new Map(objects.map((object) => [object.name, object]))
}

/** Change Data Capture is on for five objects, the limit of an org without the add-on. */
export const SELECTED_ENTITIES = ['Lead', 'Account', 'Contact', 'Opportunity', 'User'] as const
