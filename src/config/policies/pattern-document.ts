import { z } from 'zod'
import type { Parameter } from '../../model/patterns/contract/parameter.ts'
import type { Pattern } from '../../model/patterns/contract/pattern.ts'
import type { ComparedObject, PatternName, PatternSetting } from '../../model/policy/policy.ts'
import { ObjectName } from '../conditions/object-name.ts'
import { nearestName } from '../nearest-name.ts'
import { Text } from '../yaml/text.ts'

/** `{ pattern: stale-field, fields: [Status], businessDays: 20 }`: one pattern that a workflow watches for. */
export function patternDocument(patterns: readonly Pattern[]): z.ZodType<PatternSetting> {
  const listed = patterns.filter(({ isBuiltIn }) => !isBuiltIn)
  const names = listed.map(({ name }) => name)
  const documents = listed.map(({ name, parameters }) => {
    const settings = Object.entries(parameters).map(([key, parameter]) => [key, parameterDocument(parameter)])
    return z.strictObject({ pattern: z.literal(name), ...Object.fromEntries(settings) })
  })
  const [first, ...rest] = documents
  if (first === undefined) throw new RangeError('The registry of patterns is empty')
  return z.discriminatedUnion('pattern', [first, ...rest], {
    error: ({ input }) => whyNoPattern((input as { pattern?: unknown } | null)?.pattern, patterns, names),
  }) as unknown as z.ZodType<PatternSetting>
}

/** The name of one of these patterns, where a policy refers to a pattern that it lists elsewhere. */
export function patternName(patterns: readonly Pattern[]): z.ZodType<PatternName> {
  const names = patterns.map(({ name }) => name)
  return z
    .string()
    .superRefine((name, context) => {
      if (names.includes(name)) return
      context.addIssue({ code: 'custom', message: whyNoPattern(name, patterns, names) })
    })
    .meta({ enum: names })
}

function whyNoPattern(written: unknown, patterns: readonly Pattern[], allowed: readonly PatternName[]): string {
  if (typeof written !== 'string') return `needs pattern, one of ${allowed.join(', ')}`
  if (patterns.some(({ name }) => name === written)) {
    return `Every workflow watches for ${written}; remove it here. Allowed are ${allowed.join(', ')}`
  }
  return `Unknown pattern "${written}"; did you mean ${nearestName(written, allowed)}?`
}

function parameterDocument(parameter: Parameter): z.ZodType {
  return schemaOf(parameter).describe(parameter.says)
}

function schemaOf(parameter: Parameter): z.ZodType {
  switch (parameter.kind) {
    case 'field':
      return Text
    case 'fields':
      return z.array(Text).min(1, { error: 'must name at least one field' })
    case 'whole-number': {
      const { least, most, otherwise } = parameter
      const number = z.number().int().min(least)
      return withDefault(most === undefined ? number : number.max(most), otherwise)
    }
    case 'positive-number':
      return z.number().positive().max(parameter.most)
    case 'yes-or-no':
      return withDefault(z.boolean(), parameter.otherwise)
    case 'object':
      return ObjectName.optional()
    case 'texts':
      return z.array(Text).min(1, { error: 'must name at least one text, or be left out' }).optional()
    case 'compared-objects':
      return z.array(ComparedObjectDocument).min(1)
  }
}

function withDefault<Value>(schema: z.ZodType<Value>, otherwise: Value | undefined): z.ZodType {
  return otherwise === undefined ? schema : schema.prefault(otherwise as never)
}

const ComparedObjectDocument = z
  .union([ObjectName, z.strictObject({ object: ObjectName, subject: z.enum(['newer', 'ours']).default('newer') })])
  .transform((ref): ComparedObject => ('crm' in ref ? ref : { ...ref.object, subject: ref.subject }))
