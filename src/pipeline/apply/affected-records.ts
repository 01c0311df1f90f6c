import { linkKeys, linkTo, matchKeys } from '../../model/matching/keys.ts'
import type { ObjectShape } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Folded } from '../../model/record/fold/fold.ts'
import { reasonToRead } from '../../model/record/fold/reason-to-read.ts'
import type { Readings } from '../../model/record/readings.ts'
import type { RecordWrite } from '../../store/records/save-records.ts'

/** What one record's events come to: its row, and which other records have to be decided again. */
export type RecordChange = {
  readonly write: RecordWrite
  readonly changed: boolean
  readonly neighbours: AffectedNeighbours
}

type AffectedNeighbours = {
  /** Match keys whose other holders are affected. True: this record is a new holder. */
  readonly keys: ReadonlyMap<string, boolean>
  /** Accounts whose records are affected. */
  readonly accounts: readonly string[]
  /** Links to the domains that an account had before. */
  readonly linksBefore: readonly string[]
  /** Accounts whose change shows in the decisions on everything else of their domain, in whichever CRM. */
  readonly ofDomain: readonly string[]
  /** It was a gap, and is none any more: what waits for any account of its object may go on. */
  readonly isAwaited: boolean
}

/** Null: nothing changed and no read was waiting for these events. */
export function changeOf(
  known: CrmRecord | null,
  folded: Folded,
  shape: ObjectShape,
  touched: boolean,
  countries: Readings['countries'],
): RecordChange | null {
  const { record } = folded
  const anyApplied = folded.outcomes.some(({ outcome }) => outcome === 'applied')
  // A read that confirms what we knew still answers the request for it.
  const answers = folded.outcomes.some(({ event }) => event.complete || event.kind === 'unseen')
  const isNews = anyApplied || answers || known === null || folded.needsRead !== null
  // A deletion that we knew of may still be the answer: now it is confirmed as of the request.
  if (!isNews && reasonToRead(known) === null) return null
  const live = isLive(record)
  const isDecided = shape.about === 'person' || shape.about === 'account'
  const keys = live && isDecided ? matchKeys(record, countries) : []
  return {
    write: {
      record,
      ownerId: record.values[shape.owner] ?? null,
      accountId: accountOf(record, shape),
      keys,
      links: live ? linkKeys(record) : [],
      // Of a task only its status matters, which its events carry.
      needsRead: shape.about === 'task' ? null : folded.needsRead,
      answers,
      dirty: anyApplied && isDecided,
      touched: touched && isDecided,
    },
    changed: anyApplied && shape.about !== 'task',
    neighbours: anyApplied ? neighboursOf(known, record, keys, shape, countries) : NO_NEIGHBOURS,
  }
}

const NO_NEIGHBOURS: AffectedNeighbours = {
  keys: new Map(),
  accounts: [],
  linksBefore: [],
  ofDomain: [],
  isAwaited: false,
}

function neighboursOf(
  known: CrmRecord | null,
  record: CrmRecord,
  keys: readonly string[],
  shape: ObjectShape,
  countries: Readings['countries'],
): AffectedNeighbours {
  if (shape.about === 'task') return NO_NEIGHBOURS
  if (shape.about === 'deal') {
    const accountBefore = known === null ? null : accountOf(known, shape)
    const accounts = [accountOf(record, shape), accountBefore].filter((id) => id !== null)
    const isMoney = known === null || isSeenByNeighbours(known, record, shape)
    return { ...NO_NEIGHBOURS, accounts, ofDomain: isMoney ? accounts : [] }
  }
  const keysBefore = known !== null && isLive(known) ? matchKeys(known, countries) : []
  const hadBefore = new Set(keysBefore)
  const seen = isSeenByNeighbours(known, record, shape)
  const affected = seen ? [...keysBefore, ...keys] : symmetricDifference(keysBefore, keys)
  const isAccount = shape.about === 'account'
  return {
    keys: new Map(affected.map((key) => [key, !hadBefore.has(key)])),
    accounts: isAccount ? [record.recordId] : [],
    ofDomain: isAccount && seen ? [record.recordId] : [],
    linksBefore: isAccount ? keysBefore.filter((key) => key.startsWith('domain:')).map(linkTo) : [],
    isAwaited: isAccount && known !== null && isGap(known) && !isGap(record),
  }
}

/** True: the change shows in the decisions on records that share a key with this one. */
function isSeenByNeighbours(known: CrmRecord | null, record: CrmRecord, shape: ObjectShape): boolean {
  return (
    known === null ||
    known.deleted !== record.deleted ||
    known.isUnseen !== record.isUnseen ||
    known.mergedInto !== record.mergedInto ||
    // Read for the first time: only now is it a neighbour at all.
    (known.stamps['@complete'] === undefined && record.stamps['@complete'] !== undefined) ||
    fieldsSeenByNeighbours(shape, known, record).some((field) => differs(known, record, field))
  )
}

/**
 * The fields of a record that decisions on its neighbours use. A change of any other concerns the record alone. What marks
 * an account as a customer's is the policies' to say, so of an account it may be any.
 */
function fieldsSeenByNeighbours(shape: ObjectShape, known: CrmRecord, record: CrmRecord): string[] {
  const { about, owner, name, companyName, parent, createdAt, modifiedAt, asPerson, customer } = shape
  if (about === 'account') {
    return Object.keys({ ...known.values, ...record.values }).filter((field) => field !== modifiedAt)
  }
  const { account, amount, closedFlag, currency = null, homeAmounts = [] } = shape
  const ofDeal = about === 'deal' ? [account, amount, closedFlag, currency, ...homeAmounts] : []
  const all = [
    owner,
    ...name,
    companyName,
    parent,
    createdAt,
    asPerson?.flag ?? null,
    customer?.field ?? null,
    ...ofDeal,
  ]
  return all.filter((f) => f !== null)
}

function differs(before: CrmRecord, after: CrmRecord, field: string): boolean {
  return (before.values[field] ?? null) !== (after.values[field] ?? null)
}

function isLive(record: CrmRecord): boolean {
  return !record.deleted && record.mergedInto === null
}

/** Neither shown to us nor known to be gone. */
function isGap(record: CrmRecord): boolean {
  return isLive(record) && (record.isUnseen === true || record.stamps['@complete'] === undefined)
}

function accountOf(record: CrmRecord, shape: ObjectShape): string | null {
  return shape.account === null ? null : (record.values[shape.account] ?? null)
}

function symmetricDifference(a: readonly string[], b: readonly string[]): string[] {
  const inA = new Set(a)
  const inB = new Set(b)
  return [...a.filter((k) => !inB.has(k)), ...b.filter((k) => !inA.has(k))]
}

/** Everything that a batch of records affects. */
export type BatchChanges = {
  readonly writes: RecordWrite[]
  /** How many new holders each affected match key has. */
  readonly keys: Map<string, number>
  readonly accounts: Set<string>
  readonly linksBefore: Set<string>
  readonly ofDomain: Set<string>
  /** Objects of accounts that were gaps. */
  readonly awaited: Set<string>
  changed: boolean
}

export function noChanges(): BatchChanges {
  return {
    writes: [],
    keys: new Map(),
    accounts: new Set(),
    linksBefore: new Set(),
    ofDomain: new Set(),
    awaited: new Set(),
    changed: false,
  }
}

export function addChange(batch: BatchChanges, { write, changed, neighbours }: RecordChange): void {
  batch.writes.push(write)
  if (changed) batch.changed = true
  for (const [key, isNew] of neighbours.keys) batch.keys.set(key, (batch.keys.get(key) ?? 0) + (isNew ? 1 : 0))
  for (const id of neighbours.accounts) batch.accounts.add(id)
  if (neighbours.isAwaited) batch.awaited.add(write.record.objectType)
  for (const link of neighbours.linksBefore) batch.linksBefore.add(link)
  for (const id of neighbours.ofDomain) batch.ofDomain.add(id)
}
