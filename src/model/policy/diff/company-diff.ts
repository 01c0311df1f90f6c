import type { BusinessCalendar } from '../../calendar/business-calendar.ts'
import { type CompanyPeople, NO_COMPANY_PEOPLE } from '../../record/company-people.ts'
import { NO_READINGS, type Readings } from '../../record/readings.ts'
import { renderConditions, together } from '../../rules/render.ts'
import type { Territory } from '../policy.ts'
import type { Change } from './change.ts'
import { diffRows, isSame, type RowChange } from './rows.ts'
import { sayConditions } from './say-conditions.ts'

/** What all workflows of the company share. Absent: the company has agreed on none. */
export type CompanyDocuments = {
  readonly territories: readonly Territory[]
  readonly calendar: BusinessCalendar
  readonly readings?: Readings
  readonly people?: CompanyPeople
}

export function companyChanges(from: CompanyDocuments, to: CompanyDocuments): Change[] {
  return [
    ...territoryChanges(from.territories, to.territories),
    ...readingChanges(from.readings ?? NO_READINGS, to.readings ?? NO_READINGS),
    ...userChanges(from.people ?? NO_COMPANY_PEOPLE, to.people ?? NO_COMPANY_PEOPLE),
    ...calendarChanges(from.calendar, to.calendar),
  ]
}

function territoryChanges(from: readonly Territory[], to: readonly Territory[]): Change[] {
  return diffRows(from, to, ({ territory }) => territory).flatMap(territoryRow)
}

function territoryRow(row: RowChange<Territory>): Change[] {
  const change = (kind: Change['kind'], { territory }: Territory, says: string): Change => {
    return { part: 'territories', kind, name: territory, says, reach: 'other' }
  }
  switch (row.kind) {
    case 'added': {
      const { title, when, members } = row.to
      return [
        change('added', row.to, `New territory ${title}: ${renderConditions(when)}, worked by ${together(members)}.`),
      ]
    }
    case 'removed':
      return [change('removed', row.from, `Territory ${row.from.title} is gone.`)]
    case 'moved':
      return [
        change('moved', row.to, `Territory ${row.to.title} moved to place ${row.toPlace + 1}; the first match wins.`),
      ]
    case 'changed': {
      const { from: old, to: now } = row
      return [
        ...(old.title === now.title
          ? []
          : [change('changed', now, `Territory ${now.territory}: called ${now.title} (was ${old.title}).`)]),
        ...(isSame(old.when, now.when)
          ? []
          : [change('changed', now, `Territory ${now.title}: ${sayConditions(old.when, now.when)}.`)]),
        ...(isSame(old.members, now.members)
          ? []
          : [
              change(
                'changed',
                now,
                `Territory ${now.title}: worked by ${together(now.members)} (was ${together(old.members)}).`,
              ),
            ]),
      ]
    }
  }
}

function readingChanges(from: Readings, to: Readings): Change[] {
  const changes: Change[] = []
  for (const [kind, label] of [
    ['countries', 'country'],
    ['states', 'state'],
  ] as const) {
    for (const text of keysOf(from[kind], to[kind])) {
      const [old, now] = [from[kind][text], to[kind][text]]
      if (old === now) continue
      const says =
        now === undefined
          ? `"${text}" no longer means the ${label} ${old}.`
          : `"${text}" means the ${label} ${now}${old === undefined ? '' : ` (was ${old})`}.`
      changes.push({ part: 'readings', kind: kindOf(old, now), name: text, says, reach: 'other' })
    }
  }
  if (from.currency !== to.currency) {
    const says = `Amounts without a currency are in ${to.currency ?? 'no agreed currency'} (was ${from.currency ?? 'none agreed'}).`
    changes.push({ part: 'readings', kind: kindOf(from.currency, to.currency), name: 'currency', says, reach: 'other' })
  }
  return changes
}

function userChanges(from: CompanyPeople, to: CompanyPeople): Change[] {
  const changes: Change[] = []
  const add = (kind: 'added' | 'removed', name: string, says: string) =>
    changes.push({ part: 'users', kind, name, says, reach: 'other' })
  const links = ({ persons }: CompanyPeople) => persons.map((emails) => together(emails))
  const [oldLinks, newLinks] = [links(from), links(to)]
  for (const one of newLinks) if (!oldLinks.includes(one)) add('added', one, `${one} are one person.`)
  for (const one of oldLinks) if (!newLinks.includes(one)) add('removed', one, `${one} are no longer one person.`)
  for (const one of to.integrations) {
    if (!from.integrations.includes(one)) add('added', one, `${one} is a program; it gets no task and no record.`)
  }
  for (const one of from.integrations) {
    if (!to.integrations.includes(one)) add('removed', one, `${one} is no longer marked as a program.`)
  }
  if (changes.length === 0 && !isSame(from, to)) {
    changes.push({
      part: 'users',
      kind: 'moved',
      name: '',
      says: 'The lists of users are in another order.',
      reach: 'other',
    })
  }
  return changes
}

const CALENDAR_LABELS: Readonly<Record<string, string>> = {
  timeZone: 'Time zone',
  workingDays: 'Working days',
  opensAtMinute: 'Opening time',
  closesAtMinute: 'Closing time',
  breaks: 'Breaks',
  hoursOn: 'Hours on some days',
  holidays: 'Company holidays',
  regions: 'Public holidays',
  away: 'Who is away',
}

function calendarChanges(from: BusinessCalendar, to: BusinessCalendar): Change[] {
  const of = (calendar: BusinessCalendar) => calendar as unknown as Readonly<Record<string, unknown>>
  const [old, now] = [of(from), of(to)]
  return keysOf(old, now).flatMap((key): Change[] => {
    if (isSame(old[key], now[key])) return []
    const label = CALENDAR_LABELS[key] ?? key
    const says = `${label}: ${inWords(key, now[key])} (was ${inWords(key, old[key])}).`
    return [{ part: 'calendar', kind: kindOf(old[key], now[key]), name: key, says, reach: 'other' }]
  })
}

const DAYS = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

function inWords(key: string, value: unknown): string {
  if (value === undefined) return 'none'
  if (typeof value === 'number') return `${Math.floor(value / 60)}:${String(value % 60).padStart(2, '0')}`
  if (typeof value === 'string') return value
  if (key === 'workingDays') return together((value as number[]).map((day) => DAYS[day] ?? String(day)))
  if (key === 'holidays') return together(value as string[])
  if (key === 'regions') return together((value as { region: string }[]).map(({ region }) => region))
  if (key === 'away') {
    const away = value as { email: string; from: string; until: string }[]
    return together(away.map((one) => `${one.email} from ${one.from} to ${one.until}`))
  }
  return JSON.stringify(value)
}

function keysOf(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
}

function kindOf(from: unknown, to: unknown): Change['kind'] {
  return from === undefined ? 'added' : to === undefined ? 'removed' : 'changed'
}
