import { addressFields } from './address-fields.ts'
import { indexFields, type ObjectCatalog, type ObjectDefinition, parseFields } from './object-definition.ts'
import { GEOCODE, SALUTATIONS, SOURCES } from './picklists.ts'

/** What an account has once person accounts are on, and describe does not show before. */
const OF_ACCOUNT = parseFields(
  `
  IsPersonAccount boolean ro
  PersonContactId reference ro -> Contact as PersonContact
  LastName string(80)
  FirstName string(40)
  Salutation picklist(40)
  ${addressFields('PersonMailing').trim()}
  PersonMobilePhone phone(40)
  PersonHomePhone phone(40)
  PersonEmail email(80)
  PersonTitle string(80)
  PersonLeadSource picklist(255)
  PersonBirthdate date
  PersonHasOptedOutOfEmail boolean
  PersonDoNotCall boolean
`,
  { Salutation: SALUTATIONS, PersonLeadSource: SOURCES, PersonMailingGeocodeAccuracy: GEOCODE },
)

const OF_CONTACT = parseFields('IsPersonAccount boolean ro')

/** The fields of the contact that its account shows under another name. */
export const CONTACT_FIELD_OF: ReadonlyMap<string, string> = new Map(
  OF_ACCOUNT.filter(
    ({ type, name }) => type !== 'address' && name !== 'IsPersonAccount' && name !== 'PersonContactId',
  ).map(({ name }) => [name, name.replace(/^Person/, '')]),
)

/** Both have them, and they are the same. */
export const SHARED_WITH_CONTACT = ['Phone', 'Fax', 'OwnerId'] as const

/** The catalog of an org whose admin turned person accounts on, for good. */
export function withPersonAccounts(catalog: ObjectCatalog): ObjectCatalog {
  return new Map(catalog)
    .set('Account', extended(catalog.get('Account')!, OF_ACCOUNT))
    .set('Contact', extended(catalog.get('Contact')!, OF_CONTACT))
}

function extended(object: ObjectDefinition, fields: typeof OF_ACCOUNT): ObjectDefinition {
  return { ...object, ...indexFields([...object.fields.values(), ...fields]) }
}
