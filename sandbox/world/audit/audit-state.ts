import type { World } from '../records/world.ts'
import type { AuditPerson, AuditRecord, AuditState } from './audit-record.ts'

/** A generated world as the audit reads it. */
export function auditState({ hubspot, salesforce }: Pick<World, 'hubspot' | 'salesforce'>): AuditState {
  const records: AuditRecord[] = []
  for (const object of ['contacts', 'companies'] as const) {
    for (const record of hubspot[object]) {
      const status = record.history?.hs_lead_status
      records.push({
        crm: 'hubspot',
        object,
        id: record.id,
        createdAtMs: record.createdAtMs,
        values: record.properties,
        ownerChangesAtMs: (record.history?.hubspot_owner_id ?? []).map((v) => ({ owner: v.value, atMs: v.atMs })),
        changedAtMs: { hs_lead_status: status?.at(-1)?.atMs ?? record.createdAtMs },
      })
    }
  }
  for (const object of ['Lead', 'Account', 'Contact'] as const) {
    for (const row of salesforce[object]) {
      records.push({
        crm: 'salesforce',
        object,
        id: row.Id,
        createdAtMs: Date.parse(String(row.CreatedDate)),
        values: Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null ? null : String(v)])),
        ownerChangesAtMs: [],
        changedAtMs: { Status: Date.parse(String(row.LastModifiedDate)) },
      })
    }
  }
  const active = new Set(salesforce.User.filter((user) => user.IsActive).map((user) => user.Id))
  const queues = salesforce.Group.map((group) => {
    const members = salesforce.GroupMember.filter((m) => m.GroupId === group.Id && active.has(String(m.UserOrGroupId)))
    return [group.Id, { queue: members.length }] as const
  })
  return {
    records,
    people: {
      hubspot: new Map(hubspot.owners.map((o) => [o.id, { email: o.email, active: !o.archived }])),
      salesforce: new Map<string, AuditPerson | { readonly queue: number }>([
        ...salesforce.User.map((u): [string, AuditPerson] => [
          u.Id,
          { email: String(u.Email), active: u.IsActive === true },
        ]),
        ...queues,
      ]),
    },
  }
}
