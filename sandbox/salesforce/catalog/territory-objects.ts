import { defineObject, type ObjectDefinition, parseFields } from './object-definition.ts'

/**
 * The vendor's documentation: "If you delete associations, you can query them for up to 12 hours". They bypass the
 * recycle bin.
 */
const ASSIGNMENTS_DELETED_FOR_MS = 12 * 3_600_000

/** Territory management. No object here has a recycle bin. */
export const TERRITORY_OBJECTS: readonly ObjectDefinition[] = [
  defineObject({
    name: 'Territory2Model',
    label: 'Territory Model',
    keyPrefix: '0MA',
    fields: parseFields(`
  Name string(80) required
  DeveloperName string(80)
  State picklist(255) filled default=Planning
  Description textarea(255)
  ActivatedDate datetime ro
  DeactivatedDate datetime ro
  LastRunRulesEndDate datetime ro
  LastOppTerrAssignEndDate datetime ro`),
    verbs: ['create', 'update', 'delete', 'replicate'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'Territory2',
    label: 'Territory',
    keyPrefix: '0MI',
    fields: parseFields(`
  Name string(80) required
  DeveloperName string(80)
  ParentTerritory2Id reference -> Territory2 as ParentTerritory2
  Territory2ModelId reference required create-only -> Territory2Model as Territory2Model
  Territory2TypeId reference
  ForecastUserId reference -> User as ForecastUser
  AccountAccessLevel picklist(40)
  OpportunityAccessLevel picklist(40)
  CaseAccessLevel picklist(40)
  ContactAccessLevel picklist(40)
  Description string(255)`),
    verbs: ['create', 'update', 'delete'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'UserTerritory2Association',
    keyPrefix: '0UT',
    fields: parseFields(`
  UserId reference required create-only -> User as User
  Territory2Id reference required create-only -> Territory2 as Territory2
  RoleInTerritory2 picklist(40)
  IsActive boolean default=true ro`),
    verbs: ['create', 'delete'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'ObjectTerritory2Association',
    keyPrefix: '0OT',
    fields: parseFields(
      `
  ObjectId reference required create-only -> Account,Lead as Object
  SobjectType picklist(40) ro
  Territory2Id reference required create-only -> Territory2 as Territory2
  AssociationCause picklist(40) required create-only`,
      { AssociationCause: ['Territory2AssignmentRule', 'Territory2Manual'] },
    ),
    verbs: ['create', 'delete', 'replicate'],
    deletedForMs: ASSIGNMENTS_DELETED_FOR_MS,
  }),
]
