import { addBusinessMinutes } from '../calendar/business-time.ts'
import { POSTURE } from '../classes/posture.ts'
import { finding } from '../patterns/contract/pattern.ts'
import { ownerOfCase } from '../people/owner-of-case.ts'
import type { PolicyVersion } from '../policy/policy.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { inputKey, type MissingInput, Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { howToMend, unknownInWords } from '../rules/unknown-in-words.ts'
import type { DecidedException } from './decided-exception.ts'

/** An input that is not known, with everything that it holds. */
export type HeldInput = Omit<MissingInput, 'name' | 'recordId'> & {
  /** Records that rest on it now, at least one. */
  readonly held: number
}

/** How the input is called: "country of contacts", "companies". */
export function inputTitle({ crm, objectType, field, why }: Omit<MissingInput, 'name'>): string {
  if (why === 'not-read' && objectShape(crm, objectType)?.owner === field) return `an owner of ${objectType}`
  return field === WHOLE_RECORD ? objectType : `${field} of ${objectType}`
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
): DecidedException {
  const { policy } = version
  const missing = { ...input, name: inputTitle(input) }
  const because = unknownInWords(new Unknown([missing]))
  const who = whoMends(input, version, directory, nowMs)
  return {
    pattern: 'unknown-input',
    subject: inputKey(missing),
    class: 'unknown',
    classBecause: sentence(`${because}, so no rule may decide`),
    awaitsReading: false,
    posture: POSTURE.unknown,
    finding: finding({
      pattern: 'unknown-input',
      what: sentence(`${because}. Lanekeeper holds its automated changes to ${recordsInWords(input)}`),
      evidence: { input: inputTitle(input), reason: input.why, 'records held': aboutHowMany(input.held) },
      todo: `${howToMend(missing)} The case closes by itself when it is known.`,
    }),
    status: 'open',
    settledByRule: null,
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
  const user = directory.personByEmail(connectionId, owners.data)
  if (user !== undefined && owners.accepted[owners.data] !== undefined) {
    return { email: owners.data, user, passedOver: [] }
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
  const isOurs = text.startsWith('our ') || text.startsWith('the ')
  return `${isOurs ? text.charAt(0).toUpperCase() : text.charAt(0)}${text.slice(1)}.`
}
