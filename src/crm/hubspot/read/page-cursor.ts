/** Where a run of `changedSince` continues. Opaque outside: it goes into a database row and comes back. */
export type PageCursor =
  | { readonly mode: 'list'; readonly after: string | null }
  | {
      readonly mode: 'search'
      readonly sinceMs: number
      /** Where the whole run began, and where its search for deletions begins. */
      readonly firstMs: number
      /** Set while one millisecond is walked by id. */
      readonly tiesAfterId: string | null
    }
  | {
      readonly mode: 'archived'
      /** Deletions before this are not reported. */
      readonly sinceMs: number
      /** Where the poll began that started this round of the recycle bin. The next round begins there. */
      readonly changedFromMs: number
      /** When the poll listed its first page of the bin, by our clock. */
      readonly polledAtMs: number
      readonly after: string | null
      /** The page of the round, from 1 on. */
      readonly page: number
      /** How many pages this poll may still list. */
      readonly pagesLeft: number
      /** The poll has listed its pages. A request for this cursor confirms that the caller stored them. */
      readonly isListed: boolean
    }

export function printCursor(cursor: PageCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

export function parseCursor(text: string): PageCursor {
  try {
    const cursor: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (isPageCursor(cursor)) return cursor
  } catch {
    // The error below quotes the text.
  }
  throw new TypeError(`Not a HubSpot page cursor: ${JSON.stringify(text.slice(0, 80))}. Start again with cursor null`)
}

function isPageCursor(value: unknown): value is PageCursor {
  if (typeof value !== 'object' || value === null || !('mode' in value)) return false
  const cursor = value as Record<string, unknown>
  const textOrNull = (item: unknown) => item === null || typeof item === 'string'
  switch (cursor.mode) {
    case 'list':
      return textOrNull(cursor.after)
    case 'search':
      return (
        Number.isSafeInteger(cursor.sinceMs) && Number.isSafeInteger(cursor.firstMs) && textOrNull(cursor.tiesAfterId)
      )
    case 'archived':
      return (
        [cursor.sinceMs, cursor.changedFromMs, cursor.polledAtMs, cursor.page, cursor.pagesLeft].every((number) =>
          Number.isSafeInteger(number),
        ) &&
        textOrNull(cursor.after) &&
        typeof cursor.isListed === 'boolean'
      )
    default:
      return false
  }
}
