/** The CRM objects that this portal has. Names are HubSpot's; ids as in its object type list. */
export type ObjectTypeName = 'contacts' | 'companies' | 'deals' | 'tasks'

export type ObjectType = {
  readonly name: ObjectTypeName
  readonly singular: string
  readonly typeId: string
  /** First part of the classic webhook names; null: only `object.*` subscriptions exist. */
  readonly classicEvent: string | null
  readonly createdProperty: string
  readonly modifiedProperty: string
  /** Returned by reads that name no properties. */
  readonly defaultProperties: readonly string[]
  /** Unique without a declaration: HubSpot keeps one contact per e-mail. */
  readonly uniqueProperties: readonly string[]
  readonly defaultGroup: string
  readonly scope: 'contacts' | 'companies' | 'deals'
}

const CONTACTS: ObjectType = {
  name: 'contacts',
  singular: 'contact',
  typeId: '0-1',
  classicEvent: 'contact',
  createdProperty: 'createdate',
  modifiedProperty: 'lastmodifieddate',
  defaultProperties: ['createdate', 'email', 'firstname', 'hs_object_id', 'lastmodifieddate', 'lastname'],
  uniqueProperties: ['email'],
  defaultGroup: 'contactinformation',
  scope: 'contacts',
}

const COMPANIES: ObjectType = {
  name: 'companies',
  singular: 'company',
  typeId: '0-2',
  classicEvent: 'company',
  createdProperty: 'createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: ['createdate', 'domain', 'hs_lastmodifieddate', 'hs_object_id', 'name'],
  uniqueProperties: [],
  defaultGroup: 'companyinformation',
  scope: 'companies',
}

const DEALS: ObjectType = {
  name: 'deals',
  singular: 'deal',
  typeId: '0-3',
  classicEvent: 'deal',
  createdProperty: 'createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: [
    'amount',
    'closedate',
    'createdate',
    'dealname',
    'dealstage',
    'hs_lastmodifieddate',
    'hs_object_id',
    'pipeline',
  ],
  uniqueProperties: [],
  defaultGroup: 'dealinformation',
  scope: 'deals',
}

const TASKS: ObjectType = {
  name: 'tasks',
  singular: 'task',
  typeId: '0-27',
  classicEvent: null,
  createdProperty: 'hs_createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: ['hs_createdate', 'hs_lastmodifieddate', 'hs_object_id'],
  uniqueProperties: [],
  // The group's real name is not documented; clients list the groups.
  defaultGroup: 'task',
  // HubSpot has no task scope: tasks are read and written with the contact scopes.
  scope: 'contacts',
}

export const OBJECT_TYPES: readonly ObjectType[] = [CONTACTS, COMPANIES, DEALS, TASKS]

const BY_ANY_NAME = new Map(
  OBJECT_TYPES.flatMap((type) =>
    [type.name, type.singular, type.typeId].map((name) => [name, type] as [string, ObjectType]),
  ),
)

/** Paths accept the plural, the singular and the type id. */
export function findObjectType(name: string): ObjectType | undefined {
  return BY_ANY_NAME.get(name.toLowerCase())
}

/** The object type by the control path's name. Throws for an unknown one. */
export function typeNamed(name: unknown): ObjectTypeName {
  const type = findObjectType(String(name))
  if (type === undefined) throw new Error(`There is no object type "${String(name)}"`)
  return type.name
}

export function objectType(name: ObjectTypeName): ObjectType {
  return BY_ANY_NAME.get(name)!
}
