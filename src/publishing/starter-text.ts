import type { Crm } from '../model/record/change-event.ts'
import type { FieldSchema } from '../model/record/crm-facts.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import { objectNouns } from '../model/record/object-noun.ts'
import { objectShape } from '../model/record/object-shape.ts'
import { together } from '../model/rules/render.ts'

/** An object of a connection that was read, as the CRM describes it. */
export type ReadObject = {
  readonly crm: Crm
  readonly objectType: string
  readonly fields: readonly FieldSchema[]
}

/** A name per CRM: workflows watch objects of a CRM, whichever connection they are in. */
export function starterWorkflow(crm: Crm): string {
  return `${crm}-owner-check`
}

/**
 * A workflow that anybody can begin with: it watches the objects of one CRM for owners who left, for two owners of one person or
 * account in any connected CRM, and for blanks where that CRM wants a value. It has no rule and writes nothing. Null: nothing
 * that it could watch was read.
 */
export function starterText(
  crm: Crm,
  read: readonly ReadObject[],
  { today, users }: { readonly today: string; readonly users: number },
): string | null {
  const own = read.filter((one) => one.crm === crm)
  if (own.length === 0) return null
  const things = together(own.map(({ objectType }) => objectNouns(crm, objectType)))
  const { title } = crmProfile(crm)
  return `# Made by Lanekeeper on ${today} from what it read of ${title}: its objects, its required fields and ${users} active users.
# It names nobody and decides nothing by itself. Change what you like; two people publish it on the page Changes.
workflow: ${starterWorkflow(crm)}
title: Keep one active owner on ${title} records
objects: [${own.map(nameOf).join(', ')}]
mode: observe

action:
  says: Reports ${title} ${things} with an owner who left, with two owners, or without a required value. Writes no record.
  when: never
ifWrongForTwoWeeks: Customers hear from two people or from nobody, and nobody notices until a deal or a renewal is lost.

# Every record. For example, to leave partners out: [{ field: FIELD, not-in: [Partner] }]
scope: []

patterns:
${patterns(own, read)}
${CLASSES}
boundary:
  - branch: everything
    mode: review
    because: Nobody has agreed on rules yet, so a person decides who gets a record.

guards:
  deadlines:
    expected: 2 business days
    risky: 1 business day
    customer-facing: 4 business hours
    revenue-impacting: 4 business hours
    unknown: 1 business day
  # How many open cases one person may have before the next one is asked.
  capacity: 100
  # Open pipeline from which a case is revenue-impacting. Set it to what is much money for you.
  revenueThreshold: 50000
`
}

const CLASSES = `
classes:
  - pattern: missing-field
    class: expected
    because: A blank is a known gap that a quick look fills.
  - pattern: orphaned-owner
    class: risky
    because: The new owner is the person the customer hears from next.
  - pattern: duplicate-ownership
    class: risky
    because: Two people may be working the same customer without knowing.
`

function patterns(own: readonly ReadObject[], read: readonly ReadObject[]): string {
  const blank = own.flatMap((one) => {
    const fields = requiredFields(one)
    if (fields.length === 0) return []
    return [`  - { pattern: missing-field, only: ${nameOf(one)}, fields: [${fields.join(', ')}], graceMinutes: 60 }`]
  })
  const kinds = new Set<string | undefined>(
    own.map(aboutOf).filter((about) => about === 'person' || about === 'account'),
  )
  const compared = read.filter((one) => kinds.has(aboutOf(one)))
  const duplicates =
    compared.length === 0
      ? []
      : ['  - pattern: duplicate-ownership', `    against: [${compared.map(nameOf).join(', ')}]`]
  return ['  - { pattern: orphaned-owner, blankCounts: false }', ...duplicates, ...blank].join('\n')
}

/** Fields without which the CRM takes no new record, but for the owner, which has a pattern of its own. */
function requiredFields({ crm, objectType, fields }: ReadObject): string[] {
  const owner = objectShape(crm, objectType)?.owner
  return fields
    .filter(({ isRequired, name, type }) => isRequired === true && name !== owner && type !== 'reference')
    .map(({ name }) => name)
    .sort()
}

function nameOf({ crm, objectType }: Pick<ReadObject, 'crm' | 'objectType'>): string {
  return `${crm}.${objectType}`
}

function aboutOf({ crm, objectType }: ReadObject): string | undefined {
  return objectShape(crm, objectType)?.about
}

/** When people work, where nobody has said it: office hours in the zone of most of the active users. Null: none is known. */
export function starterCalendar(zones: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>()
  for (const zone of zones) if (zone !== null) counts.set(zone, (counts.get(zone) ?? 0) + 1)
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
  if (most === undefined) return null
  return `# Made by Lanekeeper: the time zone of ${most[1]} of ${zones.length} active users. Deadlines are counted in it for users who have none.
timeZone: ${most[0]}
workingDays: [Mon, Tue, Wed, Thu, Fri]
opens: "09:00"
closes: "17:00"
# Countries or states whose public holidays are days off, for example: publicHolidays: [US]
`
}
