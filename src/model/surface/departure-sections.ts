import type { PolicyPlace } from '../people/named-in-policies.ts'
import { crmProfile } from '../record/crm-profile.ts'
import { objectNoun, objectNouns } from '../record/object-noun.ts'
import { together } from '../rules/render.ts'
import type { CountedOutcome } from './departure.ts'
import type { DepartureList, DepartureRecords, OpenTasks, UserField } from './departure-list.ts'
import { counted, n } from './numbers.ts'

/** Reasons and rules beyond these are counted together, so that a list of one person stays a page. */
const OUTCOMES_SHOWN_MAX = 12

export type DepartureSection = { readonly title: string; readonly lines: readonly string[] }

/** The list as people read it: a line that begins with blanks is about the one above. */
export function departureSections(list: DepartureList): DepartureSection[] {
  const { users, records, places, tasks, userFields } = list
  const of = (connectionId: string) => titleOf(list, connectionId)
  return [
    section(
      'Users',
      users.map((user) => `${of(user.connectionId)}: ${user.name} (${user.userId}), ${user.state}`),
      'None in any connected CRM.',
    ),
    section(
      ownedTitle(list),
      records.flatMap((owned) => recordLines(list, owned)),
      'None.',
    ),
    section('Named in the policies', places.map(placeLine), 'Nowhere.'),
    section(
      'Open tasks',
      tasks.map((one) => taskLine(list, one)),
      'None.',
    ),
    section('Queues and territories of the CRM', queueLines(list), 'None.'),
    section(
      'Other fields',
      userFields.map((one) => fieldLine(list, one)),
      'None of those that the policies read.',
    ),
  ]
}

/** `ann@acme.com, also ann.smith@acme.io by people.yaml` */
export function whoLeaves({ emails: [asked, ...linked] }: DepartureList): string {
  return linked.length === 0 ? asked! : `${asked}, also ${together(linked)} by people.yaml`
}

function section(title: string, lines: readonly string[], none: string): DepartureSection {
  return { title, lines: lines.length === 0 ? [none] : lines }
}

function taskLine(list: DepartureList, { connectionId, workflow, tasks, cases }: OpenTasks): string {
  return `${titleOf(list, connectionId)}, ${workflow}: ${counted(tasks, 'task')} for ${counted(cases, 'case')}`
}

function fieldLine(list: DepartureList, { connectionId, objectType, label, field, records }: UserField): string {
  const of = `${n(records)} ${nounsOf(list, connectionId, objectType, records)}`
  return `${titleOf(list, connectionId)}: ${label} (${field}) of ${of}`
}

function ownedTitle({ records, users }: DepartureList): string {
  const total = records.reduce((sum, one) => sum + one.records, 0)
  const isHere = users.some(({ state }) => state === 'active')
  const when = isHere ? 'what would become of them if this person left now' : 'what becomes of them'
  return total === 0 ? 'Records owned' : `Records owned: ${n(total)}, and ${when}`
}

function recordLines(
  list: DepartureList,
  { connectionId, objectType, records, decided, outcomes }: DepartureRecords,
): string[] {
  const isPart = decided < records
  const head = `${titleOf(list, connectionId)}: ${n(records)} ${nounsOf(list, connectionId, objectType, records)}`
  const shown = outcomes.slice(0, OUTCOMES_SHOWN_MAX)
  const rest = outcomes.slice(OUTCOMES_SHOWN_MAX)
  const others = rest.reduce((sum, one) => sum + one.records, 0)
  return [
    isPart ? `${head}; of the first ${n(decided)}:` : head,
    ...shown.map((one) => `    ${outcomeLine(one)}`),
    ...(rest.length > 0 ? [`    ${n(others)} in ${counted(rest.length, 'other way', 'other ways')}`] : []),
  ]
}

function outcomeLine({ outcome, records }: CountedOutcome): string {
  const count = n(records)
  switch (outcome.kind) {
    case 'rule':
      return `${count} to ${outcome.to}, by rule ${outcome.rule} of ${outcome.workflow}`
    case 'case':
      return `${count} as a case for ${outcome.to}, ${outcome.branch === null ? 'in no branch' : `branch ${outcome.branch}`} of ${outcome.workflow}`
    case 'unknown':
      return `${count} unknown in ${outcome.workflow}: ${outcome.why}`
    case 'stays':
      return outcome.workflow === null
        ? `${count} stay: no workflow watches them`
        : `${count} stay: ${outcome.workflow} makes no case of them`
  }
}

/** One place of the policies, as a sentence begins. */
export function placeLine(place: PolicyPlace): string {
  switch (place.kind) {
    case 'rule':
      return `${place.workflow}: rule ${place.rule} of the branch ${place.branch} gives records to them`
    case 'condition':
      return `${place.workflow}: ${place.where} asks whether they are the owner`
    case 'job':
      return `${place.workflow}: they hold the job "${place.job}"${place.alone ? ', and nobody else does' : ''}`
    case 'territory':
      return `territories.yaml: they work ${place.title} (${place.territory})${place.alone ? ', and nobody else does' : ''}`
    case 'delegate':
      return `calendar.yaml: they stand in for ${place.of} from ${place.from} to ${place.until}`
  }
}

function queueLines(list: DepartureList): string[] {
  return [
    ...[...list.queues, ...list.territories].map(
      ({ connectionId, name, others }) =>
        `${titleOf(list, connectionId)}: ${name}, ${others === 0 ? 'and nobody else active works it' : `with ${counted(others, 'other active person', 'other active people')}`}`,
    ),
    ...list.queuesUnknownIn.map((id) => `${titleOf(list, id)} does not tell us who works its queues`),
  ]
}

function titleOf({ connections }: DepartureList, id: string): string {
  const connection = connections.find((one) => one.id === id)
  if (connection === undefined) return id
  const crm = crmProfile(connection.crm).title
  // What nobody gave a name is called "HubSpot account 123".
  return connection.title.startsWith(crm) ? connection.title : `${crm} ${connection.title}`
}

function nounsOf({ connections }: DepartureList, id: string, objectType: string, records: number): string {
  const connection = connections.find((one) => one.id === id)
  if (connection === undefined) return objectType
  return records === 1 ? objectNoun(connection.crm, objectType) : objectNouns(connection.crm, objectType)
}
