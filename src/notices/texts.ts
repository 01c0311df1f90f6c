import type { Crm } from '../model/record/change-event.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import type { NoticeLevel } from '../store/notices/notices.ts'

/** What the console says about a bad day: what happened and what it means, and what to do, if anything. */
export type Sentence = { readonly level: NoticeLevel; readonly message: string; readonly remedy: string | null }

export type About = {
  readonly crm: Crm
  /** Portal or org id. */
  readonly accountId: string
  /** IANA zone in which times are told; null: UTC. */
  readonly timeZone: string | null
}

const crmName = ({ crm }: About): string => crmProfile(crm).title
const accountName = ({ crm, accountId }: About): string =>
  `${crmProfile(crm).title} ${crmProfile(crm).accountNoun} ${accountId}`

/** `10:02`, in the account's own zone, which is named when it is none. */
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

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`
}

function inMinutes(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  return minutes < 120 ? counted(minutes, 'minute') : counted(Math.round(minutes / 60), 'hour')
}

/** `n` things waited: "nothing waited", "1 write waited", ... */
function waited(writes: number): string {
  return writes === 0
    ? 'no write waited for it'
    : `${counted(writes, 'write')} waited and ${writes === 1 ? 'goes' : 'go'} out now`
}

const KEPT = 'Nothing is lost: changes are still received and decided, and what is to be read or written waits.'

/** One sentence per code that this room raises. Each takes only what it says. */
export const SENTENCES = {
  busy: (it: About & { untilMs: number }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} asked us to call less often. Nobody calls before ${atTime(it.untilMs, it)}; what is to be read or written waits until then.`,
    remedy: null,
  }),
  'busy/day': (it: About & { untilMs: number }): Sentence => ({
    level: 'warn',
    message: `The calls that ${accountName(it)} allows for a day are used up. ${KEPT} Calls begin again at ${atDay(it.untilMs, it)}.`,
    remedy: `See in ${crmName(it)} which integrations use the calls of the day. If it is Lanekeeper, give it a smaller share; if it is not enough for all of them, raise the limit.`,
  }),
  'busy/stream': (it: About & { untilMs: number }): Sentence => ({
    level: 'warn',
    message: `The change events that ${accountName(it)} delivers in 24 hours are used up. Changes are found by asking instead, a few minutes later than usual. The stream is tried again at ${atTime(it.untilMs, it)}.`,
    remedy: crmProfile(it.crm).eventAllowanceRemedy,
  }),
  outage: (it: About & { sinceMs: number; answer: string }): Sentence => ({
    level: 'warn',
    message: `${crmName(it)} ${it.answer} since ${atTime(it.sinceMs, it)}. ${KEPT}`,
    remedy: null,
  }),
  'odd-answers': (it: About & { answer: string }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} ${it.answer} with something that is not its API's answer: a page for people, or half a document. Something between us and it may have answered. Nothing of it was believed; reads are repeated, and writes are looked up before anything is written again.`,
    remedy: null,
  }),
  'lost-answer': (it: About & { writes: number; atMs: number; why: string }): Sentence => ({
    level: 'info',
    message: `${counted(it.writes, 'write')} to ${crmName(it)} at ${atTime(it.atMs, it)} got no usable answer (${it.why}), so nobody knows whether ${it.writes === 1 ? 'it was' : 'they were'} done. Each is looked up in ${crmName(it)} before anything is written again.`,
    remedy: null,
  }),
  reconnect: (it: About & { remedy: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} no longer lets us in. Changes that reach us are kept and decided; nothing is read or written before the connection is mended.`,
    remedy: it.remedy,
  }),
  'reconnect/verb': (it: About & { does: string; remedy: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} no longer lets us ${it.does}: a permission was taken away. What needs it waits; nothing is decided differently because of it.`,
    remedy: it.remedy,
  }),
  'reconnect/refused': (it: About & { does: string; said: string }): Sentence => ({
    level: 'stop',
    message: `${accountName(it)} refuses to let us ${it.does} ("${it.said}"). What needs it waits.`,
    remedy: `Check in ${crmName(it)} that Lanekeeper's user or app may ${it.does}, then check the connection again in the console.`,
  }),
  'reconnect/stream': (it: About & { why: string; remedy: string }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} does not let us read its change events (${it.why}). Changes are found by asking instead, a few minutes later than usual.`,
    remedy: it.remedy,
  }),
  'stream-silent': (it: About & { why: string; sinceMs: number }): Sentence => ({
    level: 'info',
    message: `The change events of ${accountName(it)} stopped coming at ${atTime(it.sinceMs, it)} (${it.why}). The stream is opened again where it was; until it works, changes are found by asking, a few minutes later.`,
    remedy: null,
  }),
  'stream-lost-place': (it: About & { atMs: number }): Sentence => ({
    level: 'warn',
    message: `${accountName(it)} no longer keeps the change events after the last one that we have, so some may be lost since ${atDay(it.atMs, it)}. Every watched object is read again.`,
    remedy: null,
  }),
  gap: (it: About & { records: number; objects: readonly string[] }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} said that ${counted(it.records, 'record')} of ${it.objects.join(', ')} changed without saying how. Each is read again before it is decided.`,
    remedy: null,
  }),
  overflow: (it: About & { objects: readonly string[] }): Sentence => ({
    level: 'info',
    message: `So much of ${it.objects.join(', ')} changed at once that ${crmName(it)} stopped telling what. All of ${it.objects.length === 1 ? 'it' : 'them'} is read again.`,
    remedy: null,
  }),
  downtime: (it: About & { fromMs: number; untilMs: number }): Sentence => ({
    level: 'info',
    message: `Lanekeeper was not running from ${atDay(it.fromMs, it)} to ${atDay(it.untilMs, it)}. What changed in ${crmName(it)} meanwhile is read again from there.`,
    remedy: null,
  }),
  'repeated-events': (it: About & { events: number }): Sentence => ({
    level: 'info',
    message: `${crmName(it)} delivered ${counted(it.events, 'event')} of today more than once; each counted once.`,
    remedy: null,
  }),
  clock: (it: About & { aheadMs: number }): Sentence => ({
    level: 'warn',
    message: `The clock of ${accountName(it)} is about ${inMinutes(it.aheadMs)} ahead of ours. Which of two values is newer is told by its clock alone, so nothing is decided differently; ages and deadlines are off by as much.`,
    remedy: 'Check that the clock of the machine that Lanekeeper runs on is set by a time server.',
  }),
  'clock/behind': (it: About & { behindMs: number }): Sentence => ({
    level: 'warn',
    message: `The clock of ${accountName(it)} is about ${inMinutes(it.behindMs)} behind ours. Which of two values is newer is told by its clock alone, so nothing is decided differently; ages and deadlines are off by as much.`,
    remedy: 'Check that the clock of the machine that Lanekeeper runs on is set by a time server.',
  }),
  'clock/refused': (it: About & { deliveries: number }): Sentence => ({
    level: 'warn',
    message: `${counted(it.deliveries, 'delivery', 'deliveries')} of ${crmName(it)} ${it.deliveries === 1 ? 'was' : 'were'} refused today because its time was more than five minutes from ours. The changes are found by asking instead, a few minutes later.`,
    remedy: 'Check that the clock of the machine that Lanekeeper runs on is set by a time server.',
  }),
  'field-removed': (
    it: About & { object: string; field: string; workflows: readonly string[]; maybe: readonly string[] },
  ): Sentence => ({
    level: 'stop',
    message: `The field ${it.field} of ${it.object} was removed from ${crmName(it)}, or hidden from us. ${affected(it.workflows)} Nothing is decided on it: what depends on it goes to a person as unknown.`,
    remedy:
      it.maybe.length > 0
        ? `It may have been renamed: ${it.maybe.join(', ')} is new and has the same label. If so, put the new name into the ${it.workflows.length === 1 ? 'workflow' : 'workflows'}; if not, bring ${it.field} back or let us read it.`
        : `Bring ${it.field} back or let us read it, or take it out of the ${it.workflows.length === 1 ? 'workflow' : 'workflows'}.`,
  }),
  'field-retyped': (
    it: About & { object: string; field: string; workflows: readonly string[]; was: string; now: string },
  ): Sentence => ({
    level: 'stop',
    message: `The field ${it.field} of ${it.object} was a ${it.was} in ${crmName(it)} and is a ${it.now} now. ${affected(it.workflows)} Rules written for the one do not fit the other, so what depends on it goes to a person as unknown.`,
    remedy: `Look at the conditions on ${it.field} and save the ${it.workflows.length === 1 ? 'workflow' : 'workflows'} anew, or change the field back.`,
  }),
  'option-removed': (
    it: About & { object: string; field: string; workflows: readonly string[]; options: readonly string[] },
  ): Sentence => ({
    level: 'stop',
    message: `${it.options.map((option) => `"${option}"`).join(', ')} ${it.options.length === 1 ? 'is no longer a value' : 'are no longer values'} of ${it.field} of ${it.object} in ${crmName(it)}. ${affected(it.workflows)} Records that still have it, and records with a value that is new since, go to a person as unknown.`,
    remedy: `Say in the ${it.workflows.length === 1 ? 'workflow' : 'workflows'} what took its place, or bring the value back.`,
  }),
  'owner-gone': (it: About & { person: string; how: 'deactivated' | 'deleted'; records: number }): Sentence => ({
    level: 'warn',
    message: `${it.person} was ${it.how} in ${crmName(it)} and still owns ${counted(it.records, 'record')}. Each is decided again: by a rule where rules may, by a person otherwise.`,
    remedy: null,
  }),
  'people-conflict': (it: About & { email: string; people: readonly string[] }): Sentence => ({
    level: 'warn',
    message: `${it.people.join(' and ')} are both active in ${accountName(it)} with the e-mail ${it.email}. Neither is taken for the other: nothing is given to ${it.email} there.`,
    remedy: `Deactivate one of the two in ${crmName(it)}, or give each an e-mail of their own.`,
  }),
  'people-conflict/alias': (it: About & { people: readonly string[]; elsewhere: string }): Sentence => ({
    level: 'info',
    message: `${it.people.join(' and ')} may be one person under two e-mails, here and in ${it.elsewhere}. They are not taken for one: each is known only under the e-mail of their own CRM.`,
    remedy: 'If they are one person, give them the same e-mail in both CRMs.',
  }),
} as const

export type SentenceName = keyof typeof SENTENCES

/** How each of them ended. */
export const ENDINGS = {
  busy: (it: About & { atMs: number }) => `${crmName(it)} takes our calls again since ${atTime(it.atMs, it)}.`,
  outage: (it: About & { fromMs: number; untilMs: number; answer: string; writes: number }) =>
    `${crmName(it)} ${it.answer} from ${atTime(it.fromMs, it)} to ${atTime(it.untilMs, it)}; ${waited(it.writes)}.`,
  'odd-answers': (it: About & { atMs: number }) =>
    `${crmName(it)} answers as it should again since ${atTime(it.atMs, it)}.`,
  'lost-answer': (it: About) =>
    `Every one of them was looked up in ${crmName(it)}: what was there was kept, what was not was written, nothing twice.`,
  reconnect: (it: About & { atMs: number }) =>
    `${accountName(it)} lets us in again since ${atTime(it.atMs, it)}; what waited goes on.`,
  'stream-silent': (it: About & { atMs: number }) =>
    `The change events come again since ${atTime(it.atMs, it)}, from where they stopped.`,
  reread: (it: About & { atMs: number }) =>
    `Everything was read again by ${atTime(it.atMs, it)}: nothing that changed meanwhile is missing.`,
  'repeated-events': () => 'No event came twice since.',
  clock: () => 'The clocks agree again.',
  drift: (it: About & { object: string; field: string }) =>
    `${it.field} of ${it.object} is as the workflows need it again. What depends on it was decided again.`,
  'owner-gone': () => 'They own no record any more, or are back.',
  'people-conflict': () => 'The conflict is gone.',
} as const

function affected(workflows: readonly string[]): string {
  const named = workflows.map((name) => `"${name}"`).join(', ')
  return workflows.length === 1 ? `The workflow ${named} needs it.` : `The workflows ${named} need it.`
}
