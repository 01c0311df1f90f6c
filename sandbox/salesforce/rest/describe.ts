import type { FieldDefinition, FieldType, ObjectDefinition } from '../catalog/object-definition.ts'

const SOAP_TYPE: Readonly<Record<FieldType, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  string: 'xsd:string',
  textarea: 'xsd:string',
  picklist: 'xsd:string',
  combobox: 'xsd:string',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  phone: 'xsd:string',
  email: 'xsd:string',
  url: 'xsd:string',
  address: 'urn:address',
}

export function describeFull(object: ObjectDefinition, version: string): object {
  return {
    actionOverrides: [],
    childRelationships: [],
    compactLayoutable: object.undeletable,
    ...describeBrief(object, version),
    fields: [...object.fields.values()].map((field) => describeField(object, field)),
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [],
    searchLayoutable: object.undeletable,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: `All ${object.label}s`, name: 'everything' }],
  }
}

/** The short form that describeGlobal and `/sobjects/<T>` list. */
export function describeBrief(object: ObjectDefinition, version: string): object {
  const base = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: object.createable,
    custom: object.name.endsWith('__c'),
    customSetting: false,
    deepCloneable: false,
    deletable: object.deletable,
    deprecatedAndHidden: false,
    feedEnabled: object.undeletable,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: `${object.label}s`,
    layoutable: object.undeletable,
    mergeable: object.fields.has('MasterRecordId'),
    mruEnabled: object.undeletable,
    name: object.name,
    queryable: true,
    replicateable: object.replicateable,
    retrieveable: true,
    searchable: object.undeletable,
    triggerable: object.undeletable,
    undeletable: object.undeletable,
    updateable: object.updateable,
    urls: { sobject: base, describe: `${base}/describe`, rowTemplate: `${base}/{ID}` },
  }
}

function describeField(object: ObjectDefinition, field: FieldDefinition): object {
  const attributes = {
    ...FIXED,
    ...usesOf(field),
    ...shapeOf(field),
    ...namesOf(object, field),
    ...referenceOf(field),
  }
  // Salesforce lists them alphabetically.
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Attributes that no field of the sandbox org uses. */
const FIXED = {
  aiPredictionField: false,
  autoNumber: false,
  calculated: false,
  calculatedFormula: null,
  cascadeDelete: false,
  caseSensitive: false,
  controllerName: null,
  defaultValueFormula: null,
  dependentPicklist: false,
  deprecatedAndHidden: false,
  displayLocationInDecimal: false,
  encrypted: false,
  extraTypeInfo: null,
  filteredLookupInfo: null,
  formulaTreatNullNumberAsZero: false,
  highScaleNumber: false,
  htmlFormatted: false,
  inlineHelpText: null,
  mask: null,
  maskType: null,
  queryByDistance: false,
  referenceTargetField: null,
  relationshipOrder: null,
  restrictedDelete: false,
  searchPrefilterable: false,
  writeRequiresMasterRead: false,
} as const

/** What queries and writes may do with the field. */
function usesOf(field: FieldDefinition): object {
  const longText = field.type === 'textarea' && field.length > 255
  const address = field.type === 'address'
  return {
    aggregatable: !longText && field.type !== 'boolean' && !address,
    createable: field.createable,
    defaultedOnCreate: field.type === 'boolean' || field.name === 'OwnerId' || field.defaultValue !== null,
    externalId: field.externalId,
    filterable: field.filterable,
    groupable: !longText && !isNumber(field.type) && field.type !== 'datetime' && !address,
    idLookup: field.type === 'id' || field.externalId,
    nillable: field.nillable,
    permissionable: field.nillable && field.createable,
    sortable: !longText && !address,
    unique: field.unique,
    updateable: field.updateable,
  }
}

/** Type, sizes and values. */
function shapeOf(field: FieldDefinition): object {
  return {
    byteLength: field.type === 'id' || field.type === 'reference' ? 18 : field.length * 3,
    defaultValue: field.defaultValue,
    digits: field.type === 'int' ? 8 : 0,
    length: field.length,
    picklistValues: field.values.map((value) => ({
      active: true,
      defaultValue: value === field.defaultValue,
      label: value,
      validFor: null,
      value,
    })),
    precision: isNumber(field.type) ? 18 : 0,
    restrictedPicklist: field.restricted,
    scale: isNumber(field.type) ? 2 : 0,
    soapType: SOAP_TYPE[field.type],
    type: field.type,
  }
}

function namesOf(object: ObjectDefinition, field: FieldDefinition): object {
  return {
    compoundFieldName: field.compound,
    custom: field.name.endsWith('__c'),
    label: field.name === 'Id' ? `${object.label} ID` : labelOf(field.name),
    name: field.name,
    nameField: field.name === 'Name' || (object.name === 'Task' && field.name === 'Subject'),
  }
}

function referenceOf(field: FieldDefinition): object {
  return {
    namePointing: field.referenceTo.length > 1,
    polymorphicForeignKey: field.referenceTo.length > 1,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
  }
}

function labelOf(name: string): string {
  return name
    .replace(/__c$/, '')
    .replaceAll('_', ' ')
    .replace(/Id$/, ' ID')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
}

function isNumber(type: FieldType): boolean {
  return type === 'double' || type === 'currency' || type === 'percent'
}
