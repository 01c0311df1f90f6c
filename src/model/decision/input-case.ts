import { addBusinessMinutes } from '../calendar/business-time.ts'
import { POSTURE } from '../classes/posture.ts'
import { finding } from '../patterns/contract/pattern.ts'
import { companyDirectory } from '../people/company-directory.ts'
import { hasAccepted } from '../people/has-accepted.ts'
import { holderIn } from '../people/job-holder.ts'
import { ownerOfCase } from '../people/owner-of-case.ts'
import type { PolicyVersion } from '../policy/policy.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { inputKey, type MissingInput, Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import { objectNouns } from '../record/object-noun.ts'
import { objectShape } from '../record/object-shape.ts'
import { howToMend, unknownInWords } from '../rules/unknown-in-words.ts'
import type { DecidedException } from './decided-exception.ts'

/** An input that is not known, with everything that it holds. */
export type HeldInput = Omit<MissingInput, 'name' | 'recordId'> & {
  /** Records that rest on it now, at least one. */
  readonly held: number
  /** Of records that the CRM does not show: how many, and how many of them for `SETTLE_AFTER_DAYS` or longer. */
  readonly unseen?: { readonly count: number; readonly overdue: number } | undefined
}

/** A record that is hidden by mistake is shared again within days; after these its data owner says what it is. */
export const SETTLE_AFTER_DAYS = 7

/** How the input is called: "country of contacts", "companies". */
export function inputTitle({ crm, objectType, field, why }: Omit<MissingInput, 'name'>): string {
  if (why === 'not-read' && objectShape(crm, objectType)?.owner === field) return `an owner of ${objectType}`
  if (why === 'not-visible') return `part of ${objectType}`
  if (why === 'one-email') return `owners of ${objectType} with the same e-mail`
  if (why === 'ambiguous') return sharedKey(crm, objectType, field)
  return field === WHOLE_RECORD ? objectType : `${field} of ${objectType}`
}

function sharedKey(crm: MissingInput['crm'], objectType: string, field: string): string {
  const nouns = objectNouns(crm, objectType)
  return field === WHOLE_RECORD ? `${nouns} that cannot be told apart` : `${nouns} with the same ${field}`
}

/**
 * The one case of an input, for the data owner of the workflow, who keeps what it decides from fresh and readable; where
 * they are not there, for the circle of unknown cases.
 */
export function inputCase(
  input: HeldInput,
  version: PolicyVersion,
  directory: Directory,
  nowMs: number,
  /** False: nothing may be written to the CRM, so the case has no task. */
  isWritable = true,
): DecidedException {
  const { policy } = version
  const missing = { ...input, name: inputTitle(input) }
  const because = unknownInWords(new Unknown([missing]))
  const who = whoMends(input, version, companyDirectory(directory, policy.people), nowMs)
  return {
    pattern: 'unknown-input',
    subject: inputKey(missing),
    class: 'unknown',
    classBecause: sentence(`${because}, so no rule may decide`),
    awaitsReading: false,
    classRestsOn: [],
    restsOn: [],
    posture: POSTURE.unknown,
    finding: finding({
      pattern: 'unknown-input',
      what: sentence(
        `${because}. Lanekeeper holds its automated changes to ${recordsInWords(input)}${overdueInWords(input)}`,
      ),
      evidence: {
        input: inputTitle(input),
        reason: input.why,
        'records held': aboutHowMany(input.held),
        ...(input.unseen === undefined ? {} : { 'records not visible': aboutHowMany(input.unseen.count) }),
      },
      todo: [howToMend(missing), howItEnds(input), ...(isWritable ? [] : [withoutTask(who.email)])].join(' '),
    }),
    // It ends when the input is known, and by no check of a task.
    evidence: null,
    status: 'open',
    settledByRule: null,
    mark: null,
    owner: who.email,
    passedOver: who.passedOver,
    dueAtMs: addBusinessMinutes(
      policy.calendar,
      who.user?.timeZone ?? null,
      nowMs,
      policy.guards.deadlineMinutes.unknown,
    ),
    wouldHave: '',
    receipt: {
      policy: version.hash,
      workflow: policy.workflow,
      record: { connectionId: input.connectionId, objectType: input.objectType, recordId: WHOLE_RECORD },
      decidedAt: new Date(nowMs).toISOString(),
      branch: null,
      mode: null,
      rule: null,
      because: null,
      misses: [],
      wouldChange: null,
      inputs: { [inputTitle(input)]: { value: null, changedAt: null, unknown: because } },
    },
  }
}

function whoMends(
  { connectionId }: HeldInput,
  { policy }: PolicyVersion,
  directory: Directory,
  nowMs: number,
): { readonly email: string; readonly user: CrmUser | undefined; readonly passedOver: DecidedException['passedOver'] } {
  const { owners, guards, calendar } = policy
  const { data } = owners
  const user = data === null ? undefined : holderIn(owners, directory, connectionId, data)
  if (data !== null && user !== undefined && hasAccepted(owners, data, directory)) {
    return { email: data, user, passedOver: [] }
  }
  return ownerOfCase({
    owners,
    class: 'unknown',
    connectionId,
    directory,
    capacity: guards.capacity,
    recordOwner: null,
    calendar,
    nowMs,
  })
}

function howItEnds({ unseen }: HeldInput): string {
  return `The case closes by itself when ${unseen === undefined ? 'it is known' : 'all of them are visible or gone'}.`
}

function withoutTask(email: string): string {
  return `Writing is off for this connection, so there is no task; ${email} would get it.`
}

function overdueInWords({ unseen }: HeldInput): string {
  if (unseen === undefined || unseen.overdue === 0) return ''
  const records = unseen.overdue === 1 ? '1 record has' : `${aboutHowMany(unseen.overdue)} records have`
  return `. ${records} been out of sight for ${SETTLE_AFTER_DAYS} days or longer, and the data owner has to settle that: share it, or delete it in the CRM`
}

function recordsInWords({ held }: HeldInput): string {
  return held === 1 ? '1 record' : `${aboutHowMany(held)} records`
}

/**
 * Exact below ten, then by the first digit: "at least 3,000". The text stands in a task in the CRM, and must not be
 * written again for every record that comes or goes. The case page counts exactly.
 */
export function aboutHowMany(n: number): string {
  if (n < 10) return String(n)
  const unit = 10 ** Math.floor(Math.log10(n))
  const round = Math.floor(n / unit) * unit
  return `at least ${round.toLocaleString('en-US')}`
}

/** The name of a field keeps its own spelling, also at the start. */
function sentence(text: string): string {
  const isOurs = /^(our|the|more) /.test(text)
  return `${isOurs ? text.charAt(0).toUpperCase() : text.charAt(0)}${text.slice(1)}.`
}
