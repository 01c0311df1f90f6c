import { z } from 'zod'
import { personEmail } from '../model/matching/person-email.ts'
import type { Territory } from '../model/policy/policy.ts'
import { isFieldOfOurs } from '../model/record/territories-field.ts'
import { readFieldName } from '../model/rules/field-name.ts'
import { ConditionsDocument } from './condition-document.ts'

export const Email = z
  .string({ error: 'must be the e-mail of a CRM user' })
  .overwrite(personEmail)
  .superRefine((text, context) => {
    if (/human[\s-]*in[\s-]*the[\s-]*loop/i.test(text)) {
      const message = '"human in the loop" is nobody: name the person by e-mail, for example anna.schneider@example.com'
      context.addIssue({ code: 'custom', message })
    } else if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) {
      context.addIssue({ code: 'custom', message: `"${text}" is no e-mail; allowed is the e-mail of a CRM user` })
    }
  })

export const Day = z.string({ error: 'must be a day, for example 2026-12-25' }).superRefine((text, context) => {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text)
  if (!isDay) context.addIssue({ code: 'custom', message: `"${text}" is no day; write it like 2026-12-25` })
})

export const TerritoriesDocument = z
  .strictObject({
    territories: z
      .array(
        z.strictObject({
          territory: z.string().min(1),
          title: z.string().min(1),
          when: ConditionsDocument,
          members: z.array(Email).min(1, { error: 'must name at least one person who works it' }),
        }),
      )
      .superRefine((rows, context) => {
        for (const [i, { territory, when }] of rows.entries()) {
          for (const [j, { field }] of when.entries()) {
            if (!isAboutOurs(field)) continue
            const message = `"${field}" is not a value of the record: what the CRM assigns is compared with this table, so the table cannot ask for it`
            context.addIssue({ code: 'custom', path: [i, 'when', j, 'field'], message })
          }
          if (rows.findIndex((row) => row.territory === territory) === i) continue
          const message = `the territory "${territory}" is there twice; each id may be used once`
          context.addIssue({ code: 'custom', path: [i, 'territory'], message })
        }
      }),
  })
  .transform(({ territories }): Territory[] => territories)

function isAboutOurs(name: string): boolean {
  const parsed = readFieldName(name)
  return parsed !== null && parsed.kind !== 'fact' && isFieldOfOurs(parsed.field)
}
