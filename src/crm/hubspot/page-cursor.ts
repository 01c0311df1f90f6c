/** Where a run of `changedSince` stands. Opaque outside: it goes into a database row and comes back. */
export type PageCursor =
  | { readonly mode: 'list'; readonly after: string | null }
  | {
      readonly mode: 'search'
      readonly sinceMs: number
      /** Where the whole run began: deletions are looked for from there. */
      readonly firstMs: number
      /** Set while one millisecond is walked by id. */
      readonly tiesAfterId: string | null
    }
  | { readonly mode: 'archived'; readonly sinceMs: number; readonly after: string | null; readonly page: number }

export function printCursor(cursor: PageCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

export function parseCursor(text: string): PageCursor {
  try {
    const cursor: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (isPageCursor(cursor)) return cursor
  } catch {
    // said below, with the text
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
      return Number.isSafeInteger(cursor.sinceMs) && textOrNull(cursor.after) && Number.isSafeInteger(cursor.page)
    default:
      return false
  }
}
