import { sql } from 'kysely'
import { SALESFORCE } from '../../src/crm/salesforce/profile.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import type { FieldSchema } from '../../src/model/record/crm-facts.ts'
import type { Database } from '../../src/store/database/database.ts'
import { saveUsers } from '../../src/store/decisions/people.ts'
import { saveSchema } from '../../src/store/records/object-schemas.ts'

export const ACME = 'salesforce-acme' as ConnectionId

const field = (name: string, isRequired = false): FieldSchema => ({
  name,
  label: name,
  type: name === 'OwnerId' ? 'reference' : 'text',
  options: [],
  writable: true,
  ...(isRequired && { isRequired: true }),
})

/**
 * An org of one's own that was read: accounts and leads, of which some belong to somebody who left, two are the same company,
 * and one has no company although the org asks for it.
 */
export async function ownCrm(db: Database, { done = true, records = true } = {}): Promise<void> {
  const baseline = JSON.stringify({ done, objects: {} })
  await sql`insert into connection (id, crm, account_id, title, base_url, pages_url, made_by, baseline)
    values (${ACME}, 'salesforce', '00D1', 'Acme', 'https://acme.my.salesforce.com', 'https://acme.lightning.force.com',
      'console', ${baseline}::jsonb)`.execute(db)
  const account = ['Name', 'OwnerId', 'Website', 'CreatedDate'].map((name) =>
    field(name, name === 'Name' || name === 'OwnerId'),
  )
  const lead = ['LastName', 'Company', 'OwnerId', 'Email', 'CreatedDate'].map((name) =>
    field(name, name === 'LastName' || name === 'Company'),
  )
  const asked = (fields: readonly FieldSchema[]) => fields.map(({ name }) => name)
  await saveSchema(db, ACME, { objectType: 'Account', fields: account }, [], asked(account))
  await saveSchema(db, ACME, { objectType: 'Lead', fields: lead }, [], asked(lead))
  const user = (userId: string, name: string, active: boolean, timeZone: string | null) => ({
    ...{ connectionId: ACME, userId, name, active, timeZone, activeMembers: null, frozen: false, integration: false },
    ...{ kind: 'person' as const, email: `${name.split(' ')[0]!.toLowerCase()}@acme.example` },
  })
  await saveUsers(db, ACME, [
    user('0051', 'Bea Boundary', true, 'America/Chicago'),
    user('0052', 'Will Worker', true, 'America/Chicago'),
    user('0053', 'Nora Nowhere', true, 'Europe/London'),
    user('0054', 'Lee Left', false, 'Asia/Tokyo'),
  ])
  if (records) await ownRecords(db)
}

/** Read, and empty. */
const BLANK = Object.fromEntries(
  Object.values(SALESFORCE.objects).flatMap(
    ({ name, phones, email, parent, country, state, employees, domain, account, closedFlag }) =>
      [
        ...name,
        ...phones,
        email,
        parent,
        country,
        state,
        employees,
        domain,
        account,
        closedFlag,
        'Type',
        'IsPersonAccount',
      ].flatMap((field) => (field === null ? [] : [[field, null]])),
  ),
)

async function ownRecords(db: Database): Promise<void> {
  const at = '2026-01-05T10:00:00.000Z'
  const account = (id: string, Name: string, OwnerId: string, Website: string | null) => ({
    type: 'Account',
    id,
    keys: Website === null ? [] : [`domain:${Website}`],
    values: { ...BLANK, Name, OwnerId, Website, CreatedDate: at },
  })
  const lead = (id: string, LastName: string, Company: string | null, OwnerId: string) => ({
    type: 'Lead',
    id,
    keys: [],
    values: { ...BLANK, LastName, Company, OwnerId, CreatedDate: at },
  })
  const all = [
    account('0011', 'Danwick Utilities', '0051', 'danwick.example'),
    account('0012', 'Danwick Portland', '0052', 'danwick.example'),
    account('0013', 'Harbor Foods', '0054', 'harborfoods.example'),
    account('0014', 'Northline', '0051', 'northline.example'),
    ...Array.from({ length: 7 }, (_, i) => lead(`00Q${i}`, `Lead ${i}`, 'Harbor Foods', '0054')),
    lead('00Q8', 'Blank', null, '0052'),
    lead('00Q9', 'Fine', 'Northline', '0051'),
  ]
  for (const { type, id, keys, values } of all) {
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, owner_id, keys)
      values (${ACME}, ${type}, ${id}, ${JSON.stringify(values)}::jsonb, '{}', ${values.OwnerId}, ${keys}::text[])`.execute(
      db,
    )
    await sql`insert into match_key (key, connection_id, object_type, record_id)
      select key, ${ACME}, ${type}, ${id} from unnest(${keys}::text[]) as key`.execute(db)
  }
}
