import { defineObject, type ObjectDefinition, parseFields } from './object-definition.ts'

/** The org and its settings that Lanekeeper reads. They have no recycle bin. */
export const SETUP_OBJECTS: readonly ObjectDefinition[] = [
  defineObject({
    name: 'Organization',
    keyPrefix: '00D',
    fields: parseFields(`
  Name string(80) ro filled
  OrganizationType picklist(40) ro
  InstanceName string(5) ro
  IsSandbox boolean ro
  TimeZoneSidKey picklist(40) ro
  LanguageLocaleKey picklist(40) ro
  DefaultLocaleSidKey picklist(40) ro
  FiscalYearStartMonth int ro
  NamespacePrefix string(15) ro`),
    verbs: ['replicate'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'TaskStatus',
    keyPrefix: '01T',
    fields: parseFields(`
  MasterLabel string(255) ro filled
  ApiName string(255) ro filled
  SortOrder int ro
  IsDefault boolean ro
  IsClosed boolean ro`),
    verbs: [],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'TaskPriority',
    keyPrefix: '01S',
    fields: parseFields(`
  MasterLabel string(255) ro filled
  ApiName string(255) ro filled
  SortOrder int ro
  IsDefault boolean ro
  IsHighPriority boolean ro`),
    verbs: [],
    withoutIsDeleted: true,
  }),
]

/** The objects for which Change Data Capture is on. */
export const CHANNEL_MEMBER: ObjectDefinition = defineObject({
  name: 'PlatformEventChannelMember',
  keyPrefix: '0v8',
  fields: parseFields(`
  EventChannel string(80) ro
  SelectedEntity string(80) ro
  DeveloperName string(80) ro`),
  verbs: [],
  withoutIsDeleted: true,
})
