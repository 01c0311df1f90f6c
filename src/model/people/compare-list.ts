import type { CrmUser, Departure } from '../record/crm-user.ts'

/** A user as stored, with what was learned when. */
export type KnownUser = CrmUser & {
  /** Since when the lists leave the user out; null: the last one had them. */
  readonly unlistedSinceMs: number | null
  /** When the CRM last answered for this id by itself; null: never. */
  readonly answeredAtMs: number | null
}

export type Missing = { readonly kind: CrmUser['kind']; readonly count: number; readonly of: number }

export type ListCompared = {
  /** What the list says, for the rows that it may change. */
  readonly save: readonly CrmUser[]
  /** Left out by this list and not by the one before. */
  readonly unlisted: readonly string[]
  /** Ids that the CRM is to be asked about by themselves. */
  readonly ask: readonly string[]
  /** Of these, all have to be answered for before one counts as gone. Empty: each counts by itself. */
  readonly held: readonly string[]
  /** Active ones whom the list leaves out, where they are too many to believe it. */
  readonly missing: Missing | null
  /** Users whose standing changed: came, left, came back, or a queue that is worked now and was not, or the reverse. */
  readonly changed: readonly string[]
  readonly departures: readonly Departure[]
}

/** More than this at once is rather a short answer than a day on which so many left. */
const MISSING_MAX = 2
const MISSING_MAX_SHARE = 0.05

/** Somebody whom the lists leave out and the CRM answered for: only the id itself tells when they leave. */
const ASK_AGAIN_MS = 3_600_000

/**
 * Compares a list of users with what is known. A list proves what it says of those whom it names and nothing of the others:
 * it may lack a page, or be cut by a permission. `askedAtMs`: when the list was asked for, on the clock of `answeredAtMs`.
 */
export function compareList(
  before: readonly KnownUser[],
  listed: readonly CrmUser[],
  { askedAtMs, nowMs }: { readonly askedAtMs: number; readonly nowMs: number },
): ListCompared {
  const known = new Map(before.map((user) => [user.userId, user]))
  // An answer about one id that is younger than the list is the better one.
  const isYounger = (user: KnownUser | undefined) => (user?.answeredAtMs ?? 0) > askedAtMs
  // A page that moved while it was read may bring somebody twice.
  const once = new Map(listed.map((user) => [user.userId, user]))
  const current = [...once.values()].filter(({ userId }) => !isYounger(known.get(userId)))
  const told = current.map((user) => ({ was: known.get(user.userId), ...settled(user, known) }))
  const absent = before.filter((user) => !once.has(user.userId) && user.standing !== 'gone' && !isYounger(user))
  const inDoubt = absent.filter((user) => user.unlistedSinceMs === null || user.standing === 'unlisted')
  const isDue = (user: KnownUser) => (user.answeredAtMs ?? 0) < nowMs - ASK_AGAIN_MS
  const doubtful = new Set(inDoubt)
  const held = heldBack(before, inDoubt)
  return {
    save: told.map(({ user }) => user),
    unlisted: absent.filter(({ unlistedSinceMs }) => unlistedSinceMs === null).map(({ userId }) => userId),
    ask: [
      ...inDoubt.map(({ userId }) => userId),
      ...absent.filter((user) => !doubtful.has(user) && isDue(user)).map(({ userId }) => userId),
      ...new Set(told.flatMap(({ ask }) => ask)),
    ],
    held: held === null ? [] : inDoubt.map(({ userId }) => userId),
    missing: held,
    changed: told.filter(({ was, user }) => isAnother(was, user)).map(({ user }) => user.userId),
    departures: told.flatMap(({ was, user }) => departure(was, user)),
  }
}

/** Too many of one kind at once, people before queues; null: few enough to go by themselves. */
function heldBack(before: readonly KnownUser[], inDoubt: readonly KnownUser[]): Missing | null {
  for (const kind of ['person', 'queue'] as const) {
    const isCounted = (user: KnownUser) => user.kind === kind && user.active && user.standing !== 'gone'
    const count = inDoubt.filter(isCounted).length
    const of = before.filter(isCounted).length
    if (count > Math.max(MISSING_MAX, of * MISSING_MAX_SHARE)) return { kind, count, of }
  }
  return null
}

type Settled = { readonly user: CrmUser; readonly ask: readonly string[] }

/**
 * What a list says of one user, or the CRM's own answer for the id, with what it is silent about as last known; and the ids
 * that would tell more.
 */
export function settled(user: CrmUser, known: ReadonlyMap<string, KnownUser>, isAnswer = false): Settled {
  const was = known.get(user.userId)
  if (user.kind === 'person') {
    const frozen = user.frozen ?? was?.frozen ?? null
    const integration = user.integration ?? was?.integration ?? null
    return { user: { ...user, frozen, integration, active: user.active && frozen !== true }, ask: [] }
  }
  const { unlistedMembers = [], ...queue } = user
  const unknown = unlistedMembers.filter((id) => !known.has(id))
  const working = unlistedMembers.filter((id) => known.get(id)?.active === true).length
  const total = queue.activeMembers === null ? null : queue.activeMembers + working
  const isNone = total === 0 && unknown.length === 0
  // A queue that lost its last member is looked at by itself first: the list of members may be short as well.
  const isDoubtful = !isAnswer && isNone && queue.active && (was?.activeMembers ?? 0) > 0
  const activeMembers = isDoubtful || total === null ? (was?.activeMembers ?? null) : total > 0 || isNone ? total : null
  return { user: { ...queue, activeMembers }, ask: isDoubtful ? [user.userId, ...unknown] : unknown }
}

export function isAnother(was: KnownUser | undefined, user: CrmUser): boolean {
  if (was === undefined || was.standing !== undefined) return true
  if ((was.integration === true) !== (user.integration === true)) return true
  return was.active !== user.active || was.email !== user.email || isWorked(was) !== isWorked(user)
}

/** Null: not known. */
function isWorked({ activeMembers }: CrmUser): boolean | null {
  return activeMembers === null ? null : activeMembers > 0
}

export function departure(was: KnownUser | undefined, user: CrmUser): Departure[] {
  if (was?.kind !== 'person' || !was.active || user.active) return []
  return [{ userId: user.userId, name: was.name, how: user.frozen === true ? 'frozen' : 'deactivated' }]
}
