import { createHash } from 'node:crypto'
import avro from 'avsc'
import type { ObjectCatalog, ObjectDefinition } from '../catalog/object-definition.ts'
import { compoundParts } from '../org/address.ts'

/**
 * Schemas of the change events. No schema of a real org is public, so the order of the fields follows the vendor's
 * printed samples and the types are assumed; a client must take both from GetSchema and rely on neither.
 */
const HEADER = {
  type: 'record',
  name: 'ChangeEventHeader',
  fields: [
    { name: 'entityName', type: 'string' },
    { name: 'recordIds', type: { type: 'array', items: 'string' } },
    {
      name: 'changeType',
      type: {
        type: 'enum',
        name: 'ChangeType',
        symbols: [
          'CREATE',
          'UPDATE',
          'DELETE',
          'UNDELETE',
          'SNAPSHOT',
          'GAP_CREATE',
          'GAP_UPDATE',
          'GAP_DELETE',
          'GAP_UNDELETE',
          'GAP_OVERFLOW',
        ],
      },
    },
    { name: 'changeOrigin', type: 'string' },
    { name: 'transactionKey', type: 'string' },
    { name: 'sequenceNumber', type: 'int' },
    { name: 'commitTimestamp', type: 'long' },
    { name: 'commitNumber', type: 'long' },
    { name: 'commitUser', type: 'string' },
    { name: 'nulledFields', type: { type: 'array', items: 'string' } },
    { name: 'diffFields', type: { type: 'array', items: 'string' } },
    { name: 'changedFields', type: { type: 'array', items: 'string' } },
  ],
}

const ADDRESS_PARTS =
  'Street City State PostalCode Country StateCode CountryCode Latitude Longitude Xyz GeocodeAccuracy'.split(' ')

const ORDER: Readonly<Record<string, string>> = {
  Lead: 'Name Title Company Address Phone MobilePhone Fax Email Website Description LeadSource Status Industry Rating AnnualRevenue NumberOfEmployees OwnerId HasOptedOutOfEmail IsConverted ConvertedDate ConvertedAccountId ConvertedContactId ConvertedOpportunityId IsUnreadByOwner CreatedDate CreatedById LastModifiedDate LastModifiedById DoNotCall HasOptedOutOfFax LastTransferDate Jigsaw JigsawContactId CleanStatus CompanyDunsNumber DandbCompanyId EmailBouncedReason EmailBouncedDate IndividualId Pronouns GenderIdentity SICCode__c ProductInterest__c Primary__c CurrentGenerators__c NumberofLocations__c Territory__c',
  Account:
    'Name Type ParentId BillingAddress ShippingAddress Phone Fax AccountNumber Website Sic Industry AnnualRevenue NumberOfEmployees Ownership TickerSymbol Description Rating Site OwnerId CreatedDate CreatedById LastModifiedDate LastModifiedById Jigsaw JigsawCompanyId CleanStatus AccountSource DunsNumber Tradestyle NaicsCode NaicsDesc YearStarted SicDesc DandbCompanyId OperatingHoursId CustomerPriority__c SLA__c Active__c NumberofLocations__c UpsellOpportunity__c SLASerialNumber__c SLAExpirationDate__c Territory__c',
  Contact:
    'AccountId Name OtherAddress MailingAddress Phone Fax MobilePhone HomePhone OtherPhone AssistantPhone ReportsToId Email Title Department AssistantName LeadSource Birthdate Description OwnerId HasOptedOutOfEmail HasOptedOutOfFax DoNotCall CreatedDate CreatedById LastModifiedDate LastModifiedById LastCURequestDate LastCUUpdateDate EmailBouncedReason EmailBouncedDate Jigsaw JigsawContactId CleanStatus IndividualId Pronouns GenderIdentity Level__c Languages__c',
  Opportunity:
    'AccountId IsPrivate Name Description StageName Amount Probability ExpectedRevenue TotalOpportunityQuantity CloseDate Type NextStep LeadSource IsClosed IsWon ForecastCategory ForecastCategoryName CampaignId HasOpportunityLineItem Pricebook2Id OwnerId CreatedDate CreatedById LastModifiedDate LastModifiedById LastStageChangeDate ContactId ContractId LastAmountChangedHistoryId LastCloseDateChangedHistoryId DeliveryInstallationStatus__c TrackingNumber__c OrderNumber__c CurrentGenerators__c MainCompetitors__c',
  User: 'Username Name CompanyName Division Department Title Address Email Phone MobilePhone Alias IsActive TimeZoneSidKey UserRoleId LocaleSidKey EmailEncodingKey ProfileId UserType LanguageLocaleKey EmployeeNumber ManagerId CreatedDate CreatedById LastModifiedDate LastModifiedById FederationIdentifier',
}

/** Entities that have change events besides the five that are selected at first (vendor's list of such objects). */
const ALSO_SELECTABLE = ['Task', 'Territory2Model'] as const

/** A stored field's place in the schema. */
export type SchemaSlot = {
  readonly name: string
  readonly index: number
  readonly part: { name: string; index: number } | null
}

export type EventSchema = {
  readonly id: string
  readonly json: string
  readonly type: avro.Type
  readonly slots: ReadonlyMap<string, SchemaSlot>
}

const optional = (type: unknown) => ['null', type]

function plainType(object: ObjectDefinition, name: string): string {
  switch (object.fields.get(name)?.type) {
    case 'boolean':
      return 'boolean'
    case 'int':
      return 'int'
    case 'double':
    case 'currency':
    case 'percent':
      return 'double'
    case 'date':
    case 'datetime':
      return 'long'
    default:
      return 'string'
  }
}

function buildSchema(object: ObjectDefinition, order: readonly string[]): EventSchema {
  const slots = new Map<string, SchemaSlot>()
  const fields: object[] = [{ name: 'ChangeEventHeader', type: HEADER }]
  let addressDefined = false
  for (const [i, name] of order.entries()) {
    const index = i + 1
    const parts = compoundParts(object, name)
    let type: unknown = plainType(object, name)
    if (parts.length > 0) {
      const isName = name === 'Name'
      const partNames = isName ? ['Salutation', 'FirstName', 'LastName'] : ADDRESS_PARTS
      for (const { field, part } of parts) {
        slots.set(field.name, { name, index, part: { name: part, index: partNames.indexOf(part) } })
      }
      if (isName || !addressDefined) type = compoundType(isName ? 'PersonName' : 'Address', partNames)
      else type = 'Address'
      if (!isName) addressDefined = true
    } else if (object.fields.has(name)) slots.set(name, { name, index, part: null })
    fields.push({ name, type: optional(type), default: null })
  }
  return finish(`${object.name}ChangeEvent`, fields, slots)
}

function compoundType(name: string, parts: readonly string[]): object {
  const type = (part: string): string => (part === 'Latitude' || part === 'Longitude' ? 'double' : 'string')
  return {
    type: 'record',
    name,
    fields: parts.map((part) => ({ name: part, type: optional(type(part)), default: null })),
  }
}

function finish(name: string, fields: readonly object[], slots: ReadonlyMap<string, SchemaSlot>): EventSchema {
  const schema = { name, namespace: 'com.sforce.eventbus', type: 'record', fields }
  const json = JSON.stringify(schema)
  const id = createHash('sha256').update(json).digest().subarray(0, 16).toString('base64url')
  return { id, json, type: avro.Type.forSchema(schema as avro.Schema), slots }
}

export type EventSchemas = {
  readonly byEntity: Map<string, EventSchema>
  /** The fields of each entity's schema after the header. */
  readonly orders: Map<string, readonly string[]>
  /** Old schemas stay readable, because retained events refer to them. */
  readonly byId: Map<string, EventSchema>
  /** GetTopic's schema for a channel of several entities. Each event names its own schema. */
  readonly channel: EventSchema
}

export function buildEventSchemas(catalog: ObjectCatalog): EventSchemas {
  const orders = new Map<string, readonly string[]>(
    Object.entries(ORDER).map(([entity, order]) => [entity, order.split(' ')]),
  )
  for (const entity of ALSO_SELECTABLE) orders.set(entity, plainOrder(catalog.get(entity)!))
  const byEntity = new Map([...orders].map(([entity, order]) => [entity, buildSchema(catalog.get(entity)!, order)]))
  const channel = finish('ChangeEvents', [{ name: 'ChangeEventHeader', type: HEADER }], new Map())
  const byId = new Map([...byEntity.values(), channel].map((schema) => [schema.id, schema]))
  return { byEntity, orders, byId, channel }
}

/** For entities without a published sample: the object's fields, except those that events never carry. */
export function plainOrder(object: ObjectDefinition): string[] {
  const never = new Set(['Id', 'IsDeleted', 'SystemModstamp', 'LastActivityDate'])
  return [...object.fields.values()]
    .filter((field) => field.compound === null && !never.has(field.name))
    .map((field) => field.name)
}

/** Rebuilds the entity's schema and returns its id. Retained events keep the old schema. */
export function rebuildSchema(object: ObjectDefinition, schemas: EventSchemas, order: readonly string[]): string {
  const schema = buildSchema(object, order)
  schemas.orders.set(object.name, order)
  schemas.byEntity.set(object.name, schema)
  schemas.byId.set(schema.id, schema)
  return schema.id
}

/**
 * An admin adds a field right behind the header, which moves every position: a client that decodes with another schema
 * than the event's gets nonsense. Returns the new schema's id.
 */
export function addSchemaField(catalog: ObjectCatalog, schemas: EventSchemas, entity: string): string {
  const order = schemas.orders.get(entity)
  if (!order) throw new Error(`Entity ${entity} has no change events`)
  const added = order.filter((name) => /^Added\d+__c$/.test(name)).length
  return rebuildSchema(catalog.get(entity)!, schemas, [`Added${added + 1}__c`, ...order])
}
