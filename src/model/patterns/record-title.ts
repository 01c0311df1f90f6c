import type { CrmUser, Directory } from '../lanes/person.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { objectShape } from '../record/object-shape.ts'

const CRM_NAME = { hubspot: 'HubSpot', salesforce: 'Salesforce' } as const

/** `the HubSpot contact "Jane Doe"`, as sentences speak of a record. */
export function recordTitle(record: CrmRecord): string {
  const shape = objectShape(record.crm, record.objectType)
  const noun = `${CRM_NAME[record.crm]} ${shape?.noun ?? record.objectType}`
  const name = (shape?.name ?? [])
    .map((field) => record.values[field]?.trim() ?? '')
    .filter((part) => part !== '')
    .join(' ')
  return name === '' ? `the ${noun} ${record.recordId}` : `the ${noun} "${name}"`
}

/** The person as colleagues know them. */
export function personTitle(user: CrmUser): string {
  return user.name.trim() === '' ? (user.email ?? user.userId) : user.name
}

/** The active person who owns the record, in its own CRM. */
export function activeOwner(record: CrmRecord, directory: Directory): CrmUser | undefined {
  const field = objectShape(record.crm, record.objectType)?.owner
  const id = field === undefined ? null : record.values[field]
  if (id == null) return undefined
  const user = directory.user(record.connectionId, id)
  return user?.kind === 'person' && user.active ? user : undefined
}
