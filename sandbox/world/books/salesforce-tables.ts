import { salesforceId } from '../records/salesforce-id.ts'

/** A Salesforce record while the world is being generated: defects still change it before the sandbox gets it. */
export type SalesforceDraft = { Id: string; [field: string]: string | number | boolean | null }

export type SalesforceTables = Record<Exclude<keyof typeof PREFIX, 'Organization'>, SalesforceDraft[]>

/** Key prefixes, the same in every org. */
const PREFIX = {
  Organization: '00D',
  User: '005',
  Group: '00G',
  GroupMember: '011',
  Lead: '00Q',
  Account: '001',
  Contact: '003',
  Opportunity: '006',
  Territory2Model: '0MA',
  Territory2: '0MI',
  UserTerritory2Association: '0UT',
  ObjectTerritory2Association: '0OT',
} as const
const POD = '5g00000'

export const ORG_ID = salesforceId(PREFIX.Organization, '5g0000', 7_301)
/** The user who creates the others. */
export const FIRST_USER_ID = salesforceId(PREFIX.User, POD, 1)

export function emptyTables(): SalesforceTables {
  return {
    User: [],
    Group: [],
    GroupMember: [],
    Territory2Model: [],
    Territory2: [],
    UserTerritory2Association: [],
    ObjectTerritory2Association: [],
    Lead: [],
    Account: [],
    Contact: [],
    Opportunity: [],
  }
}

/** Ids count upward from 1 in each table. */
export function addRow(
  tables: SalesforceTables,
  table: keyof SalesforceTables,
  fields: Omit<SalesforceDraft, 'Id'>,
): SalesforceDraft {
  const record = { Id: salesforceId(PREFIX[table], POD, tables[table].length + 1), ...fields }
  tables[table].push(record)
  return record
}

/** An instant as Salesforce's API writes it. */
export function salesforceTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '+0000')
}

export function stamps(createdAtMs: number, modifiedAtMs: number, by: string) {
  return {
    CreatedDate: salesforceTime(createdAtMs),
    CreatedById: by,
    LastModifiedDate: salesforceTime(modifiedAtMs),
    LastModifiedById: by,
    SystemModstamp: salesforceTime(modifiedAtMs),
    IsDeleted: false,
  }
}
