import type { Missing } from '../model/people/compare-list.ts'
import type { Crm } from '../model/record/change-event.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import type { Departure } from '../model/record/crm-user.ts'
import { counted } from '../model/surface/numbers.ts'
import type { NoticeLevel } from '../store/notices/notices.ts'

/** What the console shows of a bad day: what happened, what it means, and what to do, if anything. */
export type Sentence = { readonly level: NoticeLevel; readonly message: string; readonly remedy: string | null }

export type About = {
  readonly crm: Crm
  /** Portal or org id. */
  readonly accountId: string
  /** IANA zone of the times; null: UTC. */
  readonly timeZone: string | null
}

const crmName = ({ crm }: About): string => crmProfile(crm).title
const accountName = ({ crm, accountId }: About): string =>
  `${crmProfile(crm).title} ${crmProfile(crm).accountNoun} ${accountId}`

/** `10:02`, in the account's own zone; without one in UTC, which is then named. */
export function atTime(ms: number, { timeZone }: About): string {
  return `${inZone(ms, timeZone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })}${timeZone === null ? ' UTC' : ''}`
}

/** `Fri 20 Nov, 18:00`. */
export function atDay(ms: number, { timeZone }: About): string {
  const parts = { weekday: 'short', day: 'numeric', month: 'short' } as const
  const day = inZone(ms, timeZone, parts).replace(',', '')
  return `${day}, ${atTime(ms, { timeZone } as About)}`
}

function inZone(ms: number, timeZone: string | null, parts: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { ...parts, timeZone: timeZone ?? 'UTC' }).format(ms)
}

function inMinutes(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  return minutes < 120 ? counted(minutes, 'minute') : counted(Math.round(minutes / 60), 'hour')
}

const KEPT = 'Nothing is lost: we keep receiving changes, and reads and writes wait.'
const CLOCK_REMEDY = 'Check that the server that runs Lanekeeper sets its clock by a time server (NTP).'
const CLOCK_EFFECT =
  "Decisions stay the same, because they compare the CRM's own times. Ages and deadlines are off by as much."

/** One sentence per code that this room raises. Each takes only what it says. */
export const SENTENCES = {
  busy: (it: About & { untilMs: number }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} rate-limited us. Calls resume at ${atTime(it.untilMs, it)}; nothing is lost.`,
    remedy: null,
  }),
  'busy/day': (it: About & { untilMs: number }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} used up its API calls for the day. Calls resume at ${atDay(it.untilMs, it)}. ${KEPT}`,
    remedy: `Check in ${crmName(it)} which integrations use the daily calls. Give Lanekeeper a smaller share, or raise the limit.`,
  }),
  'busy/stream': (it: About & { untilMs: number }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} used up its change events for 24 hours. We poll for changes instead, a few minutes later than usual, and retry the stream at ${atTime(it.untilMs, it)}.`,
    remedy: crmProfile(it.crm).eventAllowanceRemedy,
  }),
  outage: (it: About & { sinceMs: number; answer: string }): Sentence => ({
    level: 'warn',
    message: `${crmName(it)} ${it.answer} since ${atTime(it.sinceMs, it)}. ${KEPT}`,
    remedy: null,
  }),
  'odd-answers': (it: About & { answer: string }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} ${it.answer} with a web page or half a document instead of data; a proxy may have answered. We ignored it, repeat reads, and look up writes before writing again.`,
    remedy: null,
  }),
  'lost-answer': (it: About & { writes: number; atMs: number; answer: string }): Sentence => ({
    level: 'info',
    message: `${counted(it.writes, 'write')} at ${atTime(it.atMs, it)} may have failed: ${crmName(it)} ${it.answer}. We look each one up before writing again.`,
    remedy: null,
  }),
  reconnect: (it: About & { remedy: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} revoked our access. We keep receiving changes, but cannot read or write until you reconnect.`,
    remedy: it.remedy,
  }),
  'reconnect/verb': (it: About & { does: string; remedy: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} revoked our permission to ${it.does}. Work that needs it waits; decisions stay the same.`,
    remedy: it.remedy,
  }),
  'reconnect/refused': (it: About & { does: string; reason: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} refused to let us ${it.does}: "${it.reason}". Work that needs it waits.`,
    remedy: `Allow Lanekeeper's user or app in ${crmName(it)} to ${it.does}, then recheck the connection in the console.`,
  }),
  'reconnect/stream': (it: About & { why: string; remedy: string }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} refused our subscription to change events: ${it.why}. We poll for changes instead, a few minutes later than usual.`,
    remedy: it.remedy,
  }),
  'stream-silent': (it: About & { why: string; sinceMs: number }): Sentence => ({
    level: 'info',
    message: `Change events from ${accountName(it)} stopped at ${atTime(it.sinceMs, it)}: ${it.why}. We reconnect where they stopped, and poll for changes until then.`,
    remedy: null,
  }),
  'stream-lost-place': (it: About & { atMs: number }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} deleted change events before we received them, so we may have missed changes since ${atDay(it.atMs, it)}. We are reading every watched object again.`,
    remedy: null,
  }),
  gap: (it: About & { records: number; objects: readonly string[] }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} reported changes to ${counted(it.records, 'record')} of ${it.objects.join(', ')} without details. We read each one again before deciding it.`,
    remedy: null,
  }),
  overflow: (it: About & { objects: readonly string[] }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} stopped sending changes of ${it.objects.join(', ')}, because too much changed at once. We are reading all of ${it.objects.length === 1 ? 'it' : 'them'} again.`,
    remedy: null,
  }),
  downtime: (it: About & { fromMs: number; untilMs: number }): Sentence => ({
    level: 'info',
    message: `Lanekeeper was down from ${atDay(it.fromMs, it)} to ${atDay(it.untilMs, it)}. We are reading the changes that ${crmName(it)} made meanwhile.`,
    remedy: null,
  }),
  'repeated-events': (it: About): Sentence => ({
    level: 'info',
    message: `${crmName(it)} delivers some events more than once. Each counts once.`,
    remedy: null,
  }),
  'delivery-too-large': (it: About): Sentence => ({
    level: 'warn',
    message: `Webhooks that came to the address for ${crmName(it)} were too large to read. Their changes, if they are real, are found by polling, a few minutes later.`,
    remedy: null,
  }),
  clock: (it: About & { aheadMs: number }): Sentence => ({
    level: 'warn',
    message: `The clock of ${accountName(it)} is about ${inMinutes(it.aheadMs)} ahead of ours. ${CLOCK_EFFECT}`,
    remedy: CLOCK_REMEDY,
  }),
  'clock/behind': (it: About & { behindMs: number }): Sentence => ({
    level: 'warn',
    message: `The clock of ${accountName(it)} is about ${inMinutes(it.behindMs)} behind ours. ${CLOCK_EFFECT}`,
    remedy: CLOCK_REMEDY,
  }),
  'clock/refused': (it: About): Sentence => ({
    level: 'warn',
    message: `We refuse webhooks from ${crmName(it)} whose time is more than five minutes from ours. We poll for those changes, a few minutes later.`,
    remedy: CLOCK_REMEDY,
  }),
  'field-removed': (it: AboutField & { maybe: readonly string[] }): Sentence => ({
    level: 'stop',
    message: `${crmName(it)} removed the field ${it.field} of ${it.object}, or hid it from us. ${affected(it)} Reviewers decide the cases that depend on it.`,
    remedy:
      it.maybe.length > 0
        ? `If ${it.maybe.join(', ')}, which is new and has the same label, is the same field, put that name into the ${workflowsOf(it)}. Otherwise restore ${it.field} or let us read it.`
        : `Restore ${it.field}, let us read it, or remove it from the ${workflowsOf(it)}.`,
  }),
  'field-retyped': (it: AboutField & { was: string; now: string }): Sentence => ({
    level: 'stop',
    message: `The field ${it.field} of ${it.object} in ${crmName(it)} changed from ${it.was} to ${it.now}. ${affected(it)} Reviewers decide the cases that depend on it.`,
    remedy: `Check the conditions on ${it.field} and save the ${workflowsOf(it)} again, or change the field back.`,
  }),
  'option-removed': (it: AboutField & { options: readonly string[] }): Sentence => ({
    level: 'stop',
    message: `${crmName(it)} removed ${it.options.map((option) => `"${option}"`).join(', ')} from the values of ${it.field} of ${it.object}. ${affected(it)} Reviewers decide records with a removed or a new value.`,
    remedy: `Name the replacement in the ${workflowsOf(it)}, or restore the value.`,
  }),
  'policy-misfit': (it: About & Misfitting): Sentence => ({
    level: 'warn',
    message: `In the workflow "${it.workflow}", ${it.part} asks for what ${crmName(it)} cannot answer: ${it.says.join('; ')}. ${it.stops ? 'Records that reach it wait for a reviewer; earlier rules decide as usual.' : 'It may not mean what it says.'}`,
    remedy: `${it.place}: ${it.remedies.join(' ')}`,
  }),
  'owner-gone': (it: About & { person: string; how: Departure['how'] }): Sentence => ({
    level: 'warn',
    message: `${it.person} ${it.how === 'frozen' ? 'cannot log in' : 'left'} (${it.how} in ${crmName(it)}). Rules reassign what they can; the rest goes to reviewers.`,
    remedy: null,
  }),
  'people-missing': (it: About & Missing): Sentence => ({
    level: 'warn',
    message: `A user list of ${accountName(it)} left out ${it.count} of ${counted(it.of, it.kind === 'person' ? 'active user' : 'queue')}. We ask ${crmName(it)} about each; none of them counts as gone until it has answered for all.`,
    remedy: null,
  }),
  'people-unread': (it: About): Sentence => ({
    level: 'warn',
    message: `${crmName(it)} does not say whether some users still exist. Lanekeeper changes none of their records until it does.`,
    remedy: `Check in ${crmName(it)} whether they exist and whether Lanekeeper may read them.`,
  }),
  'people-zones': (it: About & { zones: readonly string[] }): Sentence => ({
    level: 'info',
    message: `Active users of ${accountName(it)} have time zones that Lanekeeper does not know: ${it.zones.join(', ')}. Their working hours and deadlines are counted in the company's own zone.`,
    remedy: `Give these users another time zone in ${crmName(it)}, or leave it if the company's zone is right for them.`,
  }),
  'people-conflict': (it: About & { email: string; people: readonly string[] }): Sentence => ({
    level: 'warn',
    message: `${it.people.join(' and ')} are both active in ${accountName(it)} with the e-mail ${it.email}. Lanekeeper assigns nothing to ${it.email} there, because it cannot tell them apart.`,
    remedy: `Deactivate one of the two in ${crmName(it)}, or give each an e-mail of their own. If ${it.email} is a program, name it under integrations in people.yaml.`,
  }),
  'people-conflict/alias': (it: About & { people: readonly string[]; elsewhere: string }): Sentence => ({
    level: 'info',
    message: `${it.people.join(' and ')} may be one person with two e-mails, here and in ${it.elsewhere}. Lanekeeper treats them as two people.`,
    remedy: 'If they are one person, link the two e-mails in people.yaml, or give them the same e-mail in both CRMs.',
  }),
} as const

/** How each of them ended. */
export const ENDINGS = {
  busy: (it: About & { atMs: number }) => `${crmName(it)} has accepted our calls since ${atTime(it.atMs, it)}.`,
  outage: (it: About & { fromMs: number; untilMs: number; answer: string; writes: number }) =>
    `${crmName(it)} ${it.answer} from ${atTime(it.fromMs, it)} to ${atTime(it.untilMs, it)}; ${waited(it.writes)}.`,
  'odd-answers': (it: About & { atMs: number }) => `${crmName(it)} has answered normally since ${atTime(it.atMs, it)}.`,
  'lost-answer': (it: About) =>
    `We looked up every write in ${crmName(it)}, kept what was there and wrote the rest; nothing was written twice.`,
  reconnect: (it: About & { atMs: number }) =>
    `${accountName(it)} granted access again at ${atTime(it.atMs, it)}; waiting work continues.`,
  'stream-silent': (it: About & { atMs: number }) =>
    `Change events resumed at ${atTime(it.atMs, it)}, from where they stopped.`,
  reread: (it: About & { atMs: number }) => `We read everything again by ${atTime(it.atMs, it)}; no change is missing.`,
  'repeated-events': () => 'No event has come twice since.',
  'delivery-too-large': () => 'No webhook was too large since.',
  clock: () => 'The clocks agree again.',
  drift: (it: About & { object: string; field: string }) =>
    `${it.field} of ${it.object} fits the workflows again. We decided the affected records again.`,
  'policy-misfit': () => 'The policy and the CRM agree again.',
  'owner-gone': () => 'They own no more records, or are active again.',
  'people-missing': (it: About) =>
    `${crmName(it)} answered for every user that its list left out. The users it reports as gone now count as gone.`,
  'people-unread': (it: About) => `${crmName(it)} answered for all of them.`,
  'people-zones': () => 'The time zone of every active user is known now.',
  'people-conflict': () => 'The conflict is resolved.',
} as const

/** What an admin does about scopes that the CRM reports missing. */
export function scopesRemedy(it: About, scopes: readonly string[]): string {
  const named = scopes.length === 0 ? 'named in the message' : scopes.join(', ')
  return `Add the missing scopes (${named}) to the ${crmName(it)} app and install it again.`
}

type Misfitting = {
  readonly workflow: string
  /** "the rule dach-enterprise". */
  readonly part: string
  /** File, line and column. */
  readonly place: string
  readonly says: readonly string[]
  readonly remedies: readonly string[]
  /** A field does not exist or is hidden from us, so that nothing behind the condition can be decided. */
  readonly stops: boolean
}

type AboutField = About & { readonly object: string; readonly field: string; readonly workflows: readonly string[] }

function workflowsOf({ workflows }: AboutField): string {
  return workflows.length === 1 ? 'workflow' : 'workflows'
}

function affected({ workflows }: AboutField): string {
  const named = workflows.map((name) => `"${name}"`).join(', ')
  return workflows.length === 1 ? `The workflow ${named} needs it.` : `The workflows ${named} need it.`
}

/** `n` writes waited: "no write waited", "1 write waited and goes out now". */
function waited(writes: number): string {
  return writes === 0
    ? 'no write waited'
    : `${counted(writes, 'write')} waited and ${writes === 1 ? 'goes' : 'go'} out now`
}
