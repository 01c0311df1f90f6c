import { z } from 'zod'
import type { BusinessCalendar } from '../../model/calendar/business-calendar.ts'
import { minutesOfDay } from '../../model/calendar/working-days.ts'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../../model/classes/class.ts'
import type { Pattern } from '../../model/patterns/contract/pattern.ts'
import { patterns } from '../../model/patterns/registry.ts'
import { NO_OWNERS, type Policy, type Territory } from '../../model/policy/policy.ts'
import type { CompanyPeople } from '../../model/record/company-people.ts'
import type { Readings } from '../../model/record/readings.ts'
import { RELATED_OWNERS } from '../../model/rules/condition.ts'
import { Day, Email } from '../company/company-documents.ts'
import { ConditionsDocument } from '../conditions/condition-document.ts'
import { Currency } from '../conditions/currency.ts'
import { ObjectName } from '../conditions/object-name.ts'
import { Text } from '../yaml/text.ts'
import { patternDocument, patternName } from './pattern-document.ts'
import { checkPolicy } from './policy-checks.ts'
import { countSentences } from './sentences.ts'

const Because = Text.superRefine((text, context) => {
  const sentences = countSentences(text)
  if (sentences > 3) {
    const message = `has ${sentences} sentences; a reason has at most three that a new operator understands`
    context.addIssue({ code: 'custom', message })
  }
})

const RuleOwnerDocument = z.union(
  [z.string().regex(/@/, { abort: true }).pipe(Email), z.enum(RELATED_OWNERS), z.strictObject({ queue: Text })],
  {
    error: `must be the e-mail of a person, ${RELATED_OWNERS.join(', ')}, or a queue by its name: { queue: Inbound }`,
  },
)

const RuleDocument = z.strictObject({
  rule: Text.regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'must be lower-case words joined by hyphens' }),
  when: ConditionsDocument,
  owner: RuleOwnerDocument,
  because: Because,
})

const BUSINESS_TIME = 'must be business time from 1 to 9999, for example "4 business hours" or "2 business days"'
/** About a working year. Nobody waits longer for a decision, so more of it is another unit that was meant. */
const DEADLINE_MAX = { minute: 9_999, hour: 2_000, day: 250 } as const
const Deadline = z
  .string({ error: BUSINESS_TIME })
  .regex(/^[1-9]\d{0,3} business (minutes?|hours?|days?)$/, { error: BUSINESS_TIME })
  .superRefine((written, context) => {
    const [count, , unit = ''] = written.split(' ')
    const one = unit.replace(/s$/, '') as keyof typeof DEADLINE_MAX
    if (Number(count) <= DEADLINE_MAX[one]) return
    const most = `${DEADLINE_MAX[one].toLocaleString('en-US')} business ${one}s`
    const message = `must be at most ${most}, about a working year; or write it in another unit`
    context.addIssue({ code: 'custom', message })
  })

/** Design section 7. A policy may ask for other times, not for other classes. */
const DEADLINES: Readonly<Record<ExceptionClass, string>> = {
  expected: '2 business days',
  risky: '1 business day',
  'customer-facing': '4 business hours',
  'revenue-impacting': '4 business hours',
  unknown: '1 business day',
}

const Reviewers = z
  .array(Email, { error: 'must be a list of e-mails, for example [tom.becker@acme.com]' })
  .min(1, { error: 'must name at least one person' })
  .superRefine((emails, context) => {
    for (const [i, email] of emails.entries()) {
      if (emails.indexOf(email) === i) continue
      context.addIssue({ code: 'custom', path: [i], message: `"${email}" is there twice; name each person once` })
    }
  })

const OwnersDocument = z.strictObject({
  reviewers: z.strictObject({ general: Reviewers, senior: Reviewers, approved: Reviewers }),
  override: Email,
  rollback: Email,
  boundary: Email,
  data: Email,
  workflow: Email,
  accepted: z.record(Email, Day),
})

const GuardsDocument = z.strictObject({
  deadlines: z
    .strictObject({
      expected: Deadline.default(DEADLINES.expected),
      risky: Deadline.default(DEADLINES.risky),
      'customer-facing': Deadline.default(DEADLINES['customer-facing']),
      'revenue-impacting': Deadline.default(DEADLINES['revenue-impacting']),
      unknown: Deadline.default(DEADLINES.unknown),
    })
    .default(DEADLINES),
  capacity: z.number().int().positive(),
  revenueThreshold: z.number().min(0),
  revenueCurrency: Currency.optional(),
  vacancyDays: z.number().int().min(0).max(30).optional(),
  // Optional rather than filled in: the version of a policy that does not say it stays the same.
  loops: z
    .strictObject({
      // Fewer than two turns are no loop; the write log is asked for as many writes as twenty need.
      alternations: z.number().int().min(2).max(20),
      withinHours: z
        .number()
        .positive()
        .max(24 * 90),
    })
    .optional(),
})

function branchDocument(registered: readonly Pattern[]) {
  const listed = registered.filter(({ isBuiltIn }) => !isBuiltIn)
  return z.strictObject({
    branch: Text,
    when: ConditionsDocument.default([]),
    mode: z.enum(['rules', 'review', 'manual']),
    because: Because,
    rules: z.array(RuleDocument).default([]),
    settles: z.array(patternName(listed)).default([]),
    settlesClasses: z.array(z.enum(EXCEPTION_CLASSES)).default([]),
  })
}

function buildPolicyDocument(registered: readonly Pattern[]) {
  return z
    .strictObject({
      workflow: Text.regex(/^[a-z0-9][a-z0-9-]*$/, {
        error: 'must be lower-case words joined by hyphens, for example inbound-lead-routing',
      }),
      title: Text,
      objects: z.array(ObjectName).min(1, { error: 'must name at least one object' }),
      action: z.strictObject({
        says: Text,
        when: z.union([z.literal('never'), ConditionsDocument], {
          error: 'must be never, or the conditions under which a record waits for the action',
        }),
      }),
      ifWrongForTwoWeeks: Text,
      mode: z.enum(['draft', 'observe', 'pilot', 'live']),
      pilot: z
        .strictObject({ when: ConditionsDocument, dailyCap: z.number().int().positive() })
        .nullable()
        .default(null),
      scope: ConditionsDocument,
      // Jobs are held in tables. Whom a file names is offered them once.
      owners: OwnersDocument.optional(),
      // Optional, so that the version of a policy that names none stays the same.
      customers: ConditionsDocument.min(1, { error: 'must name at least one mark' }).optional(),
      patterns: z.array(patternDocument(registered)).min(1, { error: 'must list at least one pattern' }),
      classes: z.array(
        z.strictObject({
          pattern: patternName(registered).optional(),
          when: ConditionsDocument.default([]),
          class: z.enum(EXCEPTION_CLASSES),
          because: Because,
        }),
      ),
      boundary: z.array(branchDocument(registered)),
      guards: GuardsDocument,
    })
    .superRefine(checkPolicy)
}

let built: { readonly for: readonly Pattern[]; readonly schema: ReturnType<typeof buildPolicyDocument> } | null = null

/** The schema of a workflow's file, rebuilt when a pattern was registered. */
export function policyDocument() {
  const registered = patterns()
  if (built?.for !== registered) built = { for: registered, schema: buildPolicyDocument(registered) }
  return built.schema
}

export type PolicyFile = z.output<ReturnType<typeof policyDocument>>

/** The document together with what all workflows of the company share. */
export function toPolicy(
  file: PolicyFile,
  territories: readonly Territory[],
  calendar: BusinessCalendar,
  readings: Readings,
  people: CompanyPeople,
): Policy {
  const { countries, states, currency } = readings
  const hasReadings = Object.keys(countries).length + Object.keys(states).length > 0 || currency !== undefined
  return {
    workflow: file.workflow,
    title: file.title,
    objects: file.objects,
    action: { kind: 'assign-owner', says: file.action.says, when: file.action.when },
    ifWrongForTwoWeeks: file.ifWrongForTwoWeeks,
    mode: file.mode,
    pilot: file.pilot,
    scope: file.scope,
    owners: file.owners ?? NO_OWNERS,
    ...(file.customers !== undefined && { customers: file.customers }),
    patterns: file.patterns,
    classes: file.classes,
    boundary: file.boundary.map(({ rules, ...branch }) => ({
      ...branch,
      rules: rules.map(({ rule, ...rest }) => ({ id: rule, ...rest })),
    })),
    guards: {
      deadlineMinutes: deadlineMinutes(file.guards.deadlines, calendar),
      capacity: file.guards.capacity,
      revenueThreshold: file.guards.revenueThreshold,
      ...(file.guards.revenueCurrency !== undefined && { revenueCurrency: file.guards.revenueCurrency }),
      ...(file.guards.vacancyDays !== undefined && { vacancyDays: file.guards.vacancyDays }),
      ...(file.guards.loops !== undefined && { loops: file.guards.loops }),
    },
    territories,
    // Left out where there are none, so that such a company keeps the hash that its decisions cite.
    ...(hasReadings && { readings }),
    ...(people.persons.length + people.integrations.length > 0 && { people }),
    calendar,
  }
}

function deadlineMinutes(
  deadlines: PolicyFile['guards']['deadlines'],
  calendar: BusinessCalendar,
): Record<ExceptionClass, number> {
  const minutes = {} as Record<ExceptionClass, number>
  for (const name of EXCEPTION_CLASSES) {
    const [count = '0', , unit = 'minutes'] = deadlines[name].split(' ')
    const perUnit = unit.startsWith('day') ? minutesOfDay(calendar) : unit.startsWith('hour') ? 60 : 1
    minutes[name] = Number(count) * perUnit
  }
  return minutes
}
