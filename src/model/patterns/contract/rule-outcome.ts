import type { BusinessCalendar } from '../../calendar/business-calendar.ts'
import { absenceAt } from '../../people/absence.ts'
import { severalInWords } from '../../people/several-users.ts'
import { nextAbsenceMs, type Office, standIn } from '../../people/stand-in.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { CrmUser } from '../../record/crm-user.ts'
import { missingField } from '../../record/field-value.ts'
import { Unknown } from '../../record/knowledge.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'
import { namedPerson, type RuleOwner } from '../../rules/condition.ts'
import { renderOwner } from '../../rules/render.ts'
import { queueOutcome, type Related, relatedOwner } from './related-owner.ts'

/** Whom a rule gives a record now. */
export type RuleOutcome = {
  /** Null: nobody, see `why`; or `unknown`; or the rule leaves the record alone. */
  readonly user: CrmUser | null
  /** Why nobody gets it, to end "to <owner>, ". Null: somebody does, or the rule leaves it alone. */
  readonly why: string | null
  /** Nobody gets it because somebody is away, and nobody stands in. */
  readonly isAway: boolean
  /** Nobody gets it because several active users have the e-mail. */
  readonly isShared: boolean
  readonly unknown: Unknown | null
  /** What the outcome was read from, for receipts: `account.owner` and whose e-mail, who is away until when. */
  readonly evidence: Readonly<Record<string, string>>
  /** When the calendar gives it to somebody else. Null: it does not. */
  readonly recheckAtMs: number | null
}

const NOBODY: RuleOutcome = {
  user: null,
  why: null,
  isAway: false,
  isShared: false,
  unknown: null,
  evidence: {},
  recheckAtMs: null,
}

/** Of the case itself: a decision asks three to six times, and each time would walk the other records again. */
const ofCase = new WeakMap<
  CaseFacts,
  { readonly owner: string; readonly by: CompiledPolicy; readonly outcome: RuleOutcome }
>()

/** Never a guess: where it is not one person for certain, nobody gets the record and the case says why. */
export function ruleOutcome(owner: RuleOwner, compiled: CompiledPolicy, facts: CaseFacts): RuleOutcome {
  if (owner === 'leave-alone') return NOBODY
  if (typeof owner !== 'string') return ofRelated(owner, queueOutcome(owner.queue, facts), compiled, facts)
  const person = namedPerson(owner)
  if (person !== null) return ofPerson(person, {}, compiled, facts)
  const known = ofCase.get(facts)
  if (known?.owner === owner && known.by === compiled) return known.outcome
  const outcome = ofRelated(owner, relatedOwner(owner, compiled, facts), compiled, facts)
  ofCase.set(facts, { owner, by: compiled, outcome })
  return outcome
}

function ofRelated(owner: RuleOwner, found: Related, compiled: CompiledPolicy, facts: CaseFacts): RuleOutcome {
  if (found instanceof Unknown) return { ...NOBODY, unknown: found }
  if (typeof found === 'string') return { ...NOBODY, why: found }
  if (found.kind === 'queue') return { ...NOBODY, user: found }
  const name = typeof owner === 'string' ? owner : renderOwner(owner)
  return ofPerson(found.email ?? '', { [name]: found.email ?? found.userId }, compiled, facts, found)
}

function ofPerson(
  email: string,
  evidence: RuleOutcome['evidence'],
  { policy: { calendar } }: CompiledPolicy,
  facts: CaseFacts,
  /** Whom another record names, by the id of its own CRM. */
  found: CrmUser | null = null,
): RuleOutcome {
  const { directory, record, shape, nowMs } = facts
  const several = (found === null ? [] : directory.peopleByEmail(found.connectionId, email)).length > 1
  if (several && found?.connectionId === record.connectionId && found.standing === undefined) {
    return ofShared(found, evidence, calendar, facts)
  }
  const who = Object.keys(evidence).length === 0 ? '' : `${email}, `
  const same = directory.peopleByEmail(several ? found!.connectionId : record.connectionId, email)
  if (same.length > 1) {
    return {
      ...NOBODY,
      evidence,
      isShared: true,
      why: `${who}whose e-mail several users have: ${severalInWords(same)}`,
    }
  }
  if (calendar.away === undefined || calendar.away.length === 0) {
    const user = directory.personByEmail(record.connectionId, email)
    // As nearly always: the rule names somebody who is there, and nobody is away.
    if (user !== undefined && user.standing === undefined) return { ...NOBODY, user, evidence }
  }
  const office: Office = { calendar, directory, connectionId: record.connectionId }
  const { user, away, asked } = standIn(email, office, nowMs)
  const recheckAtMs = nextAbsenceMs(asked, office, nowMs)
  const whoIsAway = away.map((one) => [`${one.email} is away until`, one.until])
  const told = { ...NOBODY, evidence: { ...evidence, ...Object.fromEntries(whoIsAway) }, recheckAtMs }
  if (user?.standing !== undefined) {
    const name = `the user ${user.email}`
    return { ...told, unknown: new Unknown([missingField(record, shape.owner, 'not-read', name)]) }
  }
  if (user !== null) return { ...told, user }
  const of = `${who}who`
  const [first] = away
  if (first === undefined) return { ...told, why: `${of} is not an active user of this CRM` }
  return { ...told, isAway: true, why: `${of} is away until ${first.until} ${withoutDelegate(away, asked)}` }
}

/** The CRM names this user by id, so that nobody has to tell users of one e-mail apart; only an absence is by e-mail. */
function ofShared(
  user: CrmUser,
  evidence: RuleOutcome['evidence'],
  calendar: BusinessCalendar,
  { directory, record, nowMs }: CaseFacts,
): RuleOutcome {
  const email = user.email ?? ''
  const recheckAtMs = nextAbsenceMs([email], { calendar, directory, connectionId: record.connectionId }, nowMs)
  const absence = absenceAt(calendar, directory.emailsOf(email), user.timeZone, nowMs)
  if (absence === null) return { ...NOBODY, user, evidence, recheckAtMs }
  const why = `${email}, who is away until ${absence.until}, and several users have that e-mail`
  return { ...NOBODY, evidence, isAway: true, why, recheckAtMs }
}

function withoutDelegate(away: readonly { readonly delegate: string | null }[], asked: readonly string[]): string {
  const { delegate } = away[0]!
  if (delegate === null) return 'and has no delegate'
  // The last one asked is no active user, or is away as well.
  const isGone = asked.length > away.length
  if (!isGone) return `and whose delegate ${delegate} cannot take it either`
  return asked.at(-1) === delegate
    ? `and whose delegate ${delegate} is not an active user of this CRM`
    : `and whose delegate ${delegate} cannot take it either`
}
