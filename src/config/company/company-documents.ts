import { z } from 'zod'
import { personEmail } from '../../model/matching/person-email.ts'
import type { Territory } from '../../model/policy/policy.ts'
import { comparableText } from '../../model/record/comparable-text.ts'
import { isFieldOfOurs } from '../../model/record/territories-field.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { ConditionsDocument } from '../conditions/condition-document.ts'
import { against } from '../conditions/contradictions.ts'
import { emailMistake } from '../conditions/email-check.ts'
import { inWordsTaken, takenBefore } from '../conditions/never-reached.ts'
import { Text } from '../yaml/text.ts'

export const Email = z
  .string({ error: 'must be the e-mail of a CRM user' })
  .overwrite(personEmail)
  .superRefine((text, context) => {
    if (/human[\s-]*in[\s-]*the[\s-]*loop/i.test(text)) {
      const message = '"human in the loop" is nobody: name the person by e-mail, for example anna.schneider@example.com'
      context.addIssue({ code: 'custom', message })
    } else {
      const message = emailMistake(text)
      if (message !== null) context.addIssue({ code: 'custom', message })
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
          territory: Text,
          title: Text,
          when: ConditionsDocument,
          members: z.array(Email).min(1, { error: 'must name at least one person who works it' }),
        }),
      )
      .superRefine((rows, context) => {
        const refuse = (path: (string | number)[], message: string) =>
          context.addIssue({ code: 'custom', path, message })
        for (const [i, row] of rows.entries()) checkRow(row, i, rows.slice(0, i), refuse)
      }),
  })
  .transform(({ territories }): Territory[] => territories)

function checkRow(
  { territory, title, when, members }: Territory,
  i: number,
  above: readonly Territory[],
  refuse: (path: (string | number)[], message: string) => void,
): void {
  for (const [j, condition] of when.entries()) {
    if (isAboutOurs(condition.field)) {
      refuse(
        [i, 'when', j, 'field'],
        `"${condition.field}" is not a value of the record: what the CRM assigns is compared with this table, so the table cannot ask for it`,
      )
    }
    const message = against(condition, [{ of: 'the same list', when: when.slice(0, j) }])
    if (message !== null) refuse([i, 'when', j], message)
  }
  if (above.some((row) => row.territory === territory)) {
    refuse([i, 'territory'], `the territory "${territory}" is there twice; each id may be used once`)
    return
  }
  // A field of the CRM names a territory by its id or by its title.
  if (above.some((row) => comparableText(row.title) === comparableText(title))) {
    refuse(
      [i, 'title'],
      `"${title}" is the title of two territories, and a CRM may name either by it; give each its own`,
    )
  }
  const takers = takenBefore(
    { name: territory, when },
    above.map((row) => ({ name: `territory "${row.territory}"`, when: row.when })),
  )
  if (takers !== null) refuse([i, 'territory'], inWordsTaken(takers))
  for (const [j, member] of members.entries()) {
    if (members.indexOf(member) !== j) refuse([i, 'members', j], `"${member}" is there twice; name each person once`)
  }
}

function isAboutOurs(name: string): boolean {
  const parsed = readFieldName(name)
  return parsed !== null && parsed.kind !== 'fact' && isFieldOfOurs(parsed.field)
}
