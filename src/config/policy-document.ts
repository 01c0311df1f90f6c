import { z } from 'zod'
import '../crm/profiles.ts'
import type { BusinessCalendar } from '../model/calendar/business-calendar.ts'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../model/classes/class.ts'
import type { ObjectRef, PatternSetting, Policy, Territory } from '../model/policy/policy.ts'
import { knownProfiles } from '../model/record/crm-profile.ts'
import { Day, Email } from './company-documents.ts'
import { ConditionsDocument } from './condition-document.ts'
import { checkPolicy } from './policy-checks.ts'

const PATTERN_NAMES = [
  'missing-field',
  'stale-field',
  'duplicate-ownership',
  'stale-territory',
  'orphaned-owner',
  'no-rule',
  'branch-review',
  'ownership-flapping',
] as const

/** What a class rule may speak of: also what every workflow watches without being told to. */
const CLASSED_PATTERNS = [...PATTERN_NAMES, 'write-refused'] as const

/** What a policy may watch: every object of a registered CRM but its tasks. */
export function watchedObjectNames(): string[] {
  return knownProfiles().flatMap(({ crm, objects, taskObject }) =>
    Object.keys(objects).flatMap((object) => (object === taskObject ? [] : [`${crm}.${object}`])),
  )
}

// Lazily, at the first policy: by then every CRM of the process is registered.
const ObjectName = z
  .lazy(() => z.enum(watchedObjectNames()))
  .transform((name): ObjectRef => {
    const [crm, object] = name.split('.') as [ObjectRef['crm'], string]
    return { crm, object }
  })

const Text = z.string().trim().min(1, { error: 'must not be blank' })
const Because = Text.superRefine((text, context) => {
  const sentences = text.split(/[.!?。](?:\s+|$)/).filter((part) => part.trim() !== '').length
  if (sentences > 3) {
    const message = `has ${sentences} sentences; a reason has at most three that a new operator understands`
    context.addIssue({ code: 'custom', message })
  }
})

const Fields = z.array(Text).min(1, { error: 'must name at least one field' })
const Only = ObjectName.optional()

const PatternDocument = z.discriminatedUnion(
  'pattern',
  [
    z.strictObject({
      pattern: z.literal('missing-field'),
      only: Only,
      fields: Fields,
      graceMinutes: z.number().int().min(0).default(30),
    }),
    z.strictObject({
      pattern: z.literal('stale-field'),
      only: Only,
      fields: Fields,
      businessDays: z.number().int().min(1).max(500),
    }),
    z.strictObject({
      pattern: z.literal('duplicate-ownership'),
      against: z
        .array(
          z.union([
            ObjectName,
            z.strictObject({ object: ObjectName, subject: z.enum(['newer', 'ours']).default('newer') }),
          ]),
        )
        .min(1),
      againstAccountOwner: z.boolean().default(false),
    }),
    z.strictObject({ pattern: z.literal('stale-territory'), only: Only, field: Text }),
    z.strictObject({ pattern: z.literal('orphaned-owner'), blankCounts: z.boolean() }),
    z.strictObject({
      pattern: z.literal('ownership-flapping'),
      // The record keeps its newest 12 owner changes, so more could never be seen.
      changes: z.number().int().min(2).max(12),
      withinHours: z
        .number()
        .positive()
        .max(24 * 90),
    }),
    z.strictObject({ pattern: z.literal('no-rule') }),
    z.strictObject({ pattern: z.literal('branch-review') }),
  ],
  { error: `needs pattern, one of ${PATTERN_NAMES.join(', ')}` },
)

const RuleDocument = z.strictObject({
  rule: Text.regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'must be lower-case words joined by hyphens' }),
  when: ConditionsDocument,
  owner: Email,
  because: Because,
})

const BranchDocument = z.strictObject({
  branch: Text,
  when: ConditionsDocument.default([]),
  mode: z.enum(['rules', 'review', 'manual']),
  because: Because,
  rules: z.array(RuleDocument).default([]),
  settles: z.array(z.enum(PATTERN_NAMES)).default([]),
  settlesClasses: z.array(z.enum(EXCEPTION_CLASSES)).default([]),
})

const Deadline = z.string().regex(/^\d+ business (minutes?|hours?|days?)$/, {
  error: 'must be business time, for example "4 business hours" or "2 business days"',
})

/** Design section 7. A policy may ask for other times, not for other classes. */
const DEADLINES: Readonly<Record<ExceptionClass, string>> = {
  expected: '2 business days',
  risky: '1 business day',
  'customer-facing': '4 business hours',
  'revenue-impacting': '4 business hours',
  unknown: '1 business day',
}

const Reviewers = z.array(Email).min(1, { error: 'must name at least one person' })

export const PolicyDocument = z
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
    pilot: z.strictObject({ when: ConditionsDocument, dailyCap: z.number().int().positive() }).nullable().default(null),
    scope: ConditionsDocument,
    owners: z.strictObject({
      reviewers: z.strictObject({ general: Reviewers, senior: Reviewers, approved: Reviewers }),
      override: Email,
      rollback: Email,
      boundary: Email,
      data: Email,
      workflow: Email,
      accepted: z.record(Email, Day),
    }),
    patterns: z.array(PatternDocument).min(1, { error: 'must list at least one pattern' }),
    classes: z.array(
      z.strictObject({
        pattern: z.enum(CLASSED_PATTERNS).optional(),
        when: ConditionsDocument.default([]),
        class: z.enum(EXCEPTION_CLASSES),
        because: Because,
      }),
    ),
    boundary: z.array(BranchDocument),
    guards: z.strictObject({
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
    }),
  })
  .superRefine(checkPolicy)

export type PolicyFile = z.output<typeof PolicyDocument>

/** The document together with what all workflows of the company share. */
export function toPolicy(file: PolicyFile, territories: readonly Territory[], calendar: BusinessCalendar): Policy {
  return {
    workflow: file.workflow,
    title: file.title,
    objects: file.objects,
    action: { kind: 'assign-owner', says: file.action.says, when: file.action.when },
    ifWrongForTwoWeeks: file.ifWrongForTwoWeeks,
    mode: file.mode,
    pilot: file.pilot,
    scope: file.scope,
    owners: file.owners,
    patterns: file.patterns.map((pattern) => toSetting(pattern)),
    classes: file.classes,
    boundary: file.boundary.map(({ rules, ...branch }) => ({
      ...branch,
      rules: rules.map(({ rule, ...rest }) => ({ id: rule, ...rest })),
    })),
    guards: {
      deadlineMinutes: deadlineMinutes(file.guards.deadlines, calendar),
      capacity: file.guards.capacity,
      revenueThreshold: file.guards.revenueThreshold,
    },
    territories,
    calendar,
  }
}

function toSetting(written: PolicyFile['patterns'][number]): PatternSetting {
  if (written.pattern !== 'duplicate-ownership') return written
  const against = written.against.map((ref) => ('crm' in ref ? ref : { ...ref.object, subject: ref.subject }))
  return { ...written, against }
}

function deadlineMinutes(
  deadlines: PolicyFile['guards']['deadlines'],
  { opensAtMinute, closesAtMinute }: BusinessCalendar,
): Record<ExceptionClass, number> {
  const minutes = {} as Record<ExceptionClass, number>
  for (const name of EXCEPTION_CLASSES) {
    const [count = '0', , unit = 'minutes'] = deadlines[name].split(' ')
    const perUnit = unit.startsWith('day') ? closesAtMinute - opensAtMinute : unit.startsWith('hour') ? 60 : 1
    minutes[name] = Number(count) * perUnit
  }
  return minutes
}
