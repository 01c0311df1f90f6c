import { sql } from 'kysely'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { type MissingInput, Unknown } from '../../model/record/knowledge.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { isOwnField } from '../../model/record/own-fields.ts'
import type { FieldDrift } from '../../model/record/schema-drift.ts'
import { unknownInWords } from '../../model/rules/unknown-in-words.ts'
import type { Database } from '../../store/database/database.ts'

type SchemaRow = {
  connectionId: ConnectionId
  title: string
  crm: Crm
  objectType: string
  unreadable: string[]
  undescribed: string[]
  drift: FieldDrift[]
}

/** Fields that a policy uses and that a CRM has lost or hides, one sentence per connection. */
export type LostFieldsOf = (policy: Policy, isSaid: (input: MissingInput) => boolean) => string[]

/** A workflow is limited from the moment when a field is lost, and not only when the first record waits for it. */
export async function readLostFields(db: Database): Promise<LostFieldsOf> {
  const { rows } = await sql<SchemaRow>`
    select c.id as "connectionId", c.title, c.crm, s.object_type as "objectType", s.unreadable, s.undescribed, s.drift
    from object_schema s join connection c on c.id = s.connection_id and c.status <> 'disconnected'
    where s.unreadable <> '{}' or s.drift <> '[]' order by c.title, c.id, s.object_type`.execute(db)
  return (policy, isSaid) => {
    const lost = rows.filter((row) => isUsedBy(policy, row)).flatMap((row) => lostOf(policy, row))
    const unsaid = lost.filter(({ input }) => !isSaid(input))
    return [...Map.groupBy(unsaid, ({ input }) => input.connectionId).values()].map((some) => {
      const [first, ...rest] = some.map(({ input }) => input)
      return `${some[0]!.title}: ${unknownInWords(new Unknown([first!, ...rest]))}.`
    })
  }
}

/** Accounts and deals of a CRM are part of every decision there. */
function isUsedBy({ objects }: Policy, { crm, objectType }: SchemaRow): boolean {
  const about = objectShape(crm, objectType)?.about
  const isOfAll = about === 'account' || about === 'deal'
  return objects.some((ref) => ref.crm === crm && (isOfAll || ref.object === objectType))
}

function lostOf(policy: Policy, row: SchemaRow): { readonly title: string; readonly input: MissingInput }[] {
  const { connectionId, crm, objectType, title, unreadable, undescribed, drift } = row
  return fieldsNeeded([policy], crm, objectType).fields.flatMap((field) => {
    // A value that a list no longer has makes a few records doubtful, not the field.
    const kind = drift.find((one) => one.field === field && one.kind !== 'option-removed')?.kind
    const isAbsent = undescribed.includes(field) && !isOwnField(crm, objectType, field)
    const why = kind ?? (unreadable.includes(field) ? (isAbsent ? 'no-such-field' : 'hidden') : null)
    if (why === null) return []
    return [{ title, input: { connectionId, crm, objectType, field, why, name: `${field} of ${objectType}` } }]
  })
}
