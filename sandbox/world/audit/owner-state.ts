import { type AuditPeople, type AuditRecord, isBlank, OBJECTS, type ObjectName } from './audit-record.ts'

export type OwnerState = {
  readonly state: 'active' | 'inactive' | 'deleted' | 'queue' | 'empty-queue' | 'none'
  /** Empty for queues and unknown owners. */
  readonly email: string
}

export function ownerOf(record: AuditRecord, people: AuditPeople): OwnerState {
  const id = record.values[OBJECTS[record.object as ObjectName].owner]
  if (isBlank(id)) return { state: 'none', email: '' }
  const known = people[record.crm].get(id!)
  if (known === undefined) return { state: 'deleted', email: '' }
  if ('queue' in known) return { state: known.queue > 0 ? 'queue' : 'empty-queue', email: '' }
  return { state: known.active ? 'active' : 'inactive', email: known.email }
}

export function activeEmails(people: AuditPeople): Readonly<Record<'hubspot' | 'salesforce', ReadonlySet<string>>> {
  return {
    hubspot: new Set([...people.hubspot.values()].filter((p) => p.active).map((p) => p.email)),
    salesforce: new Set([...people.salesforce.values()].flatMap((p) => ('email' in p && p.active ? [p.email] : []))),
  }
}
