import type { PageCursor } from './page-cursor.ts'

export type ArchivedCursor = Extract<PageCursor, { mode: 'archived' }>

/**
 * When to list the recycle bin of each object. HubSpot can neither filter nor sort it by time, and the search never shows
 * it. A poll that listed a full bin each minute would use up the daily API limit.
 *
 * A bin of one or two pages is listed by every poll, so that a deletion is found as fast as a change. A fuller one is
 * listed once an hour, and at most `PAGES_PER_POLL` pages of it; the next hour continues there. A deletion whose webhook
 * was lost is thus found within an hour while up to 5,000 records of its kind are deleted, and an hour later for each
 * 5,000 more. Each round covers everything since the previous round began, so no deletion falls between two.
 *
 * The rounds live in memory, per client. A new client begins with a round that reaches `FORGOTTEN_MS` further back than the
 * poll, which is longer than a round takes of a bin of 100,000. A deletion reported twice has the same key.
 */
export type DeletionRounds = {
  /** Where a poll of changes since `changedFromMs` lists the bin. Null: it is not due. */
  next(objectType: string, changedFromMs: number): ArchivedCursor | null
  /** The caller has stored every page before this cursor, and the poll ends here. */
  settle(objectType: string, cursor: ArchivedCursor): void
  /** HubSpot refused the cursor of a round: the round begins again and skips nothing. */
  again(objectType: string, cursor: ArchivedCursor): void
}

const EVERY_MS = 3_600_000
const SMALL_PAGES = 2
const PAGES_PER_POLL = 50
const FORGOTTEN_MS = 24 * 3_600_000

type Round = { readonly cursor: ArchivedCursor; readonly isDone: boolean; readonly polledAtMs: number }

export function createDeletionRounds(nowMs: () => number): DeletionRounds {
  // One entry per object type that is polled: a handful.
  const rounds = new Map<string, Round>()

  function next(objectType: string, changedFromMs: number): ArchivedCursor | null {
    const last = rounds.get(objectType)
    const first = (sinceMs: number): ArchivedCursor => ({
      mode: 'archived',
      sinceMs: Math.min(sinceMs, changedFromMs),
      changedFromMs,
      polledAtMs: nowMs(),
      after: null,
      page: 1,
      pagesLeft: PAGES_PER_POLL,
      isListed: false,
    })
    if (last === undefined) return first(Math.max(1, changedFromMs - FORGOTTEN_MS))
    const { cursor } = last
    // This poll reaches further back than the round does.
    if (changedFromMs < (last.isDone ? cursor.changedFromMs : cursor.sinceMs)) return first(cursor.sinceMs)
    if (last.isDone && cursor.page <= SMALL_PAGES) return first(cursor.changedFromMs)
    if (nowMs() - last.polledAtMs < EVERY_MS) return null
    if (last.isDone) return first(cursor.changedFromMs)
    return { ...cursor, polledAtMs: nowMs(), pagesLeft: PAGES_PER_POLL, isListed: false }
  }

  return {
    next,
    settle: (objectType, cursor) =>
      void rounds.set(objectType, { cursor, isDone: cursor.after === null, polledAtMs: cursor.polledAtMs }),
    again: (objectType, cursor) =>
      void rounds.set(objectType, {
        cursor: { ...cursor, after: null, page: 1 },
        isDone: false,
        polledAtMs: Number.NEGATIVE_INFINITY,
      }),
  }
}

/** The place after a page of the bin: the next page, or the end of what this poll lists. */
export function afterPage(cursor: ArchivedCursor, after: string | null): ArchivedCursor {
  const pagesLeft = cursor.pagesLeft - 1
  const isListed = after === null || pagesLeft <= 0
  return { ...cursor, after, pagesLeft, isListed, page: after === null ? cursor.page : cursor.page + 1 }
}
