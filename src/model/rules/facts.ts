import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { FactName } from './condition.ts'
import { accountOf, DERIVED } from './derived-facts.ts'
import { type FieldName, readFieldName } from './field-name.ts'
import { type OwnerState, ownerOfRecord } from './record-owner.ts'

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
  readonly ownerState: OwnerState
  /** Undefined: blank, not known, or the CRM no longer has the user. `ownerState` says which. */
  readonly owner: CrmUser | undefined
  /** Why `ownerState` is unknown; null where it is not. */
  readonly ownerUnknown: Unknown | null
  /** What-if values by the name that conditions use. Null: the case as it is. */
  readonly supposed: ReadonlyMap<string, FieldText> | null
  readonly known: { [Fact in FactName]?: Known }
}

export function caseFacts(
  record: CrmRecord,
  shape: ObjectShape,
  neighbours: Neighbours,
  directory: Directory,
  nowMs: number,
): CaseFacts {
  const owner = ownerOfRecord(record, shape.owner, directory)
  const isUnknown = owner instanceof Unknown
  return {
    record,
    shape,
    neighbours,
    directory,
    nowMs,
    owner: isUnknown ? undefined : owner.user,
    ownerState: isUnknown ? 'unknown' : owner.state,
    ownerUnknown: isUnknown ? owner : null,
    supposed: null,
    known: {},
  }
}

/** The same case with some inputs changed, to find what would change the outcome. */
export function supposing(facts: CaseFacts, supposed: ReadonlyMap<string, FieldText>): CaseFacts {
  return { ...facts, supposed }
}

export function isBlank(value: FieldText | undefined): boolean {
  return value === null || value === undefined || value.trim() === ''
}

/** A look-up for one field name, worked out once when a policy is compiled. */
export function fieldReader(name: string): (facts: CaseFacts) => Known {
  const read = plainReader(readFieldName(name))
  return (facts) => {
    if (facts.supposed !== null) {
      const supposed = facts.supposed.get(name)
      if (supposed !== undefined) return isBlank(supposed) ? null : supposed
    }
    return read(facts)
  }
}

function plainReader(name: FieldName | null): (facts: CaseFacts) => Known {
  if (name === null) return () => null
  if (name.kind === 'fact') {
    const { fact } = name
    return (facts) => {
      const known = facts.known[fact]
      if (known !== undefined) return known
      const value = DERIVED[fact](facts)
      facts.known[fact] = value
      return value
    }
  }
  const { field } = name
  if (name.kind === 'account') {
    const asked = `account.${field}`
    return (facts) => {
      const account = accountOf(facts)
      return account === null || account instanceof Unknown ? account : knownValue(account, field, asked)
    }
  }
  const { only } = name
  if (only === null) return (facts) => knownValue(facts.record, field)
  return ({ record }) =>
    record.crm === only.crm && record.objectType === only.object ? knownValue(record, field) : null
}
