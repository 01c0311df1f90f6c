import { type CrmRecord, refKey } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Truth, Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { objectShape } from '../record/object-shape.ts'

/** More levels than any group of companies has. A longer chain of parents ends here as one that is not known. */
export const FAMILY_LEVELS_MAX = 25

type Line = { readonly ids: ReadonlySet<string>; readonly unknown: Unknown | null }

/**
 * Whether two accounts belong to one group of companies: one is above the other at any distance, or both are below a third.
 * Such accounts share a domain by right. Not known where the line of parents leads to an account that we cannot see.
 */
export function areFamily(a: CrmRecord, b: CrmRecord, { matches, ancestors }: Neighbours): Truth {
  if (a.connectionId !== b.connectionId || a.objectType !== b.objectType) return false
  const near = new Map([...matches.map((match) => match.record), a, b].map((record) => [refKey(record), record]))
  const find = (key: string) => near.get(key) ?? ancestors?.get(key)
  const [lineOfA, lineOfB] = [lineOf(a, find), lineOf(b, find)]
  for (const id of lineOfA.ids) if (lineOfB.ids.has(id)) return true
  return Unknown.both(lineOfA.unknown, lineOfB.unknown) ?? false
}

/** The account and all accounts above it. */
function lineOf(account: CrmRecord, find: (key: string) => CrmRecord | undefined): Line {
  const { connectionId, crm, objectType } = account
  const parentField = objectShape(crm, objectType)?.parent ?? null
  const ids = new Set<string>()
  const notRead = (recordId: string, why: 'not-read' | 'not-visible' = 'not-read') =>
    new Unknown([{ connectionId, crm, objectType, field: WHOLE_RECORD, why, name: objectType, recordId }])
  let next: string | null = account.recordId
  while (next !== null) {
    if (ids.has(next)) break
    if (ids.size === FAMILY_LEVELS_MAX) return { ids, unknown: notRead(next) }
    ids.add(next)
    const record: CrmRecord | undefined = find(refKey({ connectionId, objectType, recordId: next }))
    if (record === undefined) return { ids, unknown: notRead(next) }
    const above: string | null | Unknown = aboveOf(record, parentField, notRead)
    if (above instanceof Unknown) return { ids, unknown: above }
    next = above
  }
  return { ids, unknown: null }
}

function aboveOf(
  record: CrmRecord,
  parentField: string | null,
  notRead: (recordId: string, why?: 'not-visible') => Unknown,
): string | null | Unknown {
  // Until the CRM has moved the reference, the survivor speaks for it.
  if (record.mergedInto !== null) return record.mergedInto
  if (record.deleted || parentField === null) return null
  if (record.isUnseen === true) return notRead(record.recordId, 'not-visible')
  return knownValue(record, parentField)
}
