import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Directory } from '../record/crm-user.ts'
import { amountIn } from '../record/currency.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { NO_READINGS, type Readings } from '../record/readings.ts'
import { isBlankText } from '../record/visible-text.ts'
import { askAccount } from './account-of.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Conditions } from './condition.ts'
import { DERIVED } from './derived-facts.ts'
import { type FieldName, readFieldName } from './field-name.ts'
import { openPipeline } from './open-pipeline.ts'
import { ownerOfRecord } from './record-owner.ts'

/** What the company says for all of its records. */
type OfCompany = { readonly readings?: Readings | undefined; readonly customers?: Conditions | undefined }

const NO_CUSTOMERS: Conditions = []

export function caseFacts(
  record: CrmRecord,
  shape: ObjectShape,
  neighbours: Neighbours,
  directory: Directory,
  nowMs: number,
  { readings = NO_READINGS, customers = NO_CUSTOMERS }: OfCompany = {},
): CaseFacts {
  const owner = ownerOfRecord(record, shape.owner, directory)
  const isUnknown = owner instanceof Unknown
  return {
    record,
    shape,
    neighbours,
    directory,
    nowMs,
    readings,
    customers,
    homeCurrency: readings.currency ?? record.homeCurrency ?? null,
    owner: isUnknown ? undefined : owner.user,
    ownerState: isUnknown ? 'unknown' : owner.state,
    ownerUnknown: isUnknown ? owner : null,
    supposed: null,
    known: {},
  }
}

/** The same case with its record changed, and at another moment where one is given. */
export function withRecord(facts: CaseFacts, record: CrmRecord, nowMs = facts.nowMs): CaseFacts {
  const { shape, neighbours, directory } = facts
  return caseFacts(record, shape, neighbours, directory, nowMs, facts)
}

/** The same case with some inputs changed, to find what would change the outcome. */
export function supposing(facts: CaseFacts, supposed: ReadonlyMap<string, FieldText>): CaseFacts {
  return { ...facts, supposed }
}

export function isBlank(value: FieldText | undefined): boolean {
  return value === null || value === undefined || isBlankText(value)
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
    const { fact, currency } = name
    if (fact === 'fact.openPipeline' && currency != null) return (facts) => openPipeline(facts, currency)
    return (facts) => {
      const known = facts.known[fact]
      if (known !== undefined) return known
      const value = DERIVED[fact](facts)
      facts.known[fact] = value
      return value
    }
  }
  const { field, currency } = name
  const inRecord = (facts: CaseFacts, record: CrmRecord, asked: string) =>
    currency === undefined
      ? knownValue(record, field, asked)
      : amountIn(record, field, { currency, home: facts.homeCurrency }, asked)
  if (name.kind === 'account') {
    const asked = `account.${field}`
    return (facts) => askAccount(facts, (account) => inRecord(facts, account, asked))
  }
  const { only } = name
  return (facts) => {
    const { record } = facts
    const isMeant = only === null || (record.crm === only.crm && record.objectType === only.object)
    return isMeant ? inRecord(facts, record, field) : null
  }
}
