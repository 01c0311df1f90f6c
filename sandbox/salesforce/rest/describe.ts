import type { FieldDefinition, FieldType, ObjectDefinition } from '../org/object-definition.ts'

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

function describeField(object: ObjectDefinition, field: FieldDefinition): object {
  const custom = field.name.endsWith('__c')
  const longText = field.type === 'textarea' && field.length > 255
  return {
    aggregatable: !longText && field.type !== 'boolean' && field.type !== 'address',
    aiPredictionField: false,
    autoNumber: false,
    byteLength: field.type === 'id' || field.type === 'reference' ? 18 : field.length * 3,
    calculated: false,
    calculatedFormula: null,
    cascadeDelete: false,
    caseSensitive: false,
    compoundFieldName: field.compound,
    controllerName: null,
    createable: field.createable,
    custom,
    defaultValue: field.defaultValue,
    defaultValueFormula: null,
    defaultedOnCreate: field.type === 'boolean' || field.name === 'OwnerId' || field.defaultValue !== null,
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.type === 'int' ? 8 : 0,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.externalId,
    extraTypeInfo: null,
    filterable: field.filterable,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: false,
    groupable: !longText && !isNumber(field.type) && field.type !== 'datetime' && field.type !== 'address',
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: field.type === 'id' || field.externalId,
    inlineHelpText: null,
    label: field.name === 'Id' ? `${object.label} ID` : labelOf(field.name),
    length: field.length,
    mask: null,
    maskType: null,
    name: field.name,
    nameField: field.name === 'Name' || (object.name === 'Task' && field.name === 'Subject'),
    namePointing: field.referenceTo.length > 1,
    nillable: field.nillable,
    permissionable: field.nillable && field.createable,
    picklistValues: field.values.map((value) => ({
      active: true,
      defaultValue: value === field.defaultValue,
      label: value,
      validFor: null,
      value,
    })),
    polymorphicForeignKey: field.referenceTo.length > 1,
    precision: isNumber(field.type) ? 18 : 0,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    relationshipOrder: null,
    restrictedDelete: false,
    restrictedPicklist: field.restricted,
    scale: isNumber(field.type) ? 2 : 0,
    searchPrefilterable: false,
    soapType: SOAP_TYPE[field.type],
    sortable: !longText && field.type !== 'address',
    type: field.type,
    unique: field.unique,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
  }
}

/** The short form, as describeGlobal and `/sobjects/<T>` list it. */
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
