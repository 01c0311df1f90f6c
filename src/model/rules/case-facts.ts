import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import type { Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { Readings } from '../record/readings.ts'
import type { Conditions, FactName } from './condition.ts'
import type { OwnerState } from './record-owner.ts'

/**
 * Everything a condition may ask about one case. Facts are worked out when first asked for, because most records are
 * decided by one or two of them.
 */
export type CaseFacts = {
  readonly record: CrmRecord
  readonly shape: ObjectShape
  readonly neighbours: Neighbours
  readonly directory: Directory
  readonly nowMs: number
  /** What the company agreed that texts mean which name nothing by themselves. */
  readonly readings: Readings
  /** What marks an existing customer beside what the product knows of each CRM. */
  readonly customers: Conditions
  /** ISO 4217: the company's, or that of the record's CRM; null: nobody says. */
  readonly homeCurrency: string | null
  readonly ownerState: OwnerState
  /** Undefined: blank, not known, or the CRM no longer has the user. `ownerState` says which. */
  readonly owner: CrmUser | undefined
  /** Why `ownerState` is unknown; null where it is not. */
  readonly ownerUnknown: Unknown | null
  /** What-if values by the name that conditions use. Null: the case as it is. */
  readonly supposed: ReadonlyMap<string, FieldText> | null
  readonly known: { [Fact in FactName]?: Known }
}
