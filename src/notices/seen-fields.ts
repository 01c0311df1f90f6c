import type { ChangedPage } from '../crm/crm-client.ts'

/** What the pages of an object showed last of its fields: with a value, or hidden from us. */
export type SeenFields = { readonly shown: ReadonlySet<string>; readonly hidden: ReadonlySet<string> }

export type FieldWatch = {
  /** True where the object's fields may have changed since the page before: a field was hidden, or is shown again. */
  note(objectType: string, page: Pick<ChangedPage, 'events' | 'unreadable'>): boolean
  seenOf(objectType: string): SeenFields
}

type Seen = { readonly shown: Set<string>; readonly hidden: Set<string>; readonly doubted: Set<string> }

export function createFieldWatch(): FieldWatch {
  const seen = new Map<string, Seen>()
  const seenOf = (objectType: string): Seen => {
    const known = seen.get(objectType) ?? { shown: new Set(), hidden: new Set(), doubted: new Set() }
    seen.set(objectType, known)
    return known
  }
  return { seenOf, note: (objectType, page) => notePage(seenOf(objectType), page) }
}

function notePage(
  { shown, hidden, doubted }: Seen,
  { events, unreadable }: Pick<ChangedPage, 'events' | 'unreadable'>,
): boolean {
  let isInDoubt = false
  for (const field of unreadable) {
    shown.delete(field)
    hidden.add(field)
    if (doubted.has(field)) continue
    doubted.add(field)
    isInDoubt = true
  }
  for (const { fields } of events) {
    for (const field in fields) {
      if (unreadable.includes(field)) continue
      hidden.delete(field)
      // A hidden field reads as blank, so only a value proves that we may read it again.
      if (fields[field] === null || shown.has(field)) continue
      shown.add(field)
      if (doubted.delete(field)) isInDoubt = true
    }
  }
  return isInDoubt
}
