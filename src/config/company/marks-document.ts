import { z } from 'zod'
import { MARKED_CLASSES } from '../../model/policy/mark.ts'
import { Text } from '../yaml/text.ts'
import { Email } from './company-documents.ts'

/**
 * `marks.yaml`: what the cast of the sandbox marked before anybody came. Elsewhere two people mark a rule on the page Changes,
 * and no file does.
 */
export const MarksDocument = z.strictObject({
  marks: z
    .array(
      z.strictObject({
        workflow: Text,
        /** Absent: each rule of the branches that settle something. */
        rules: z.array(Text).optional(),
        class: z.enum(MARKED_CLASSES),
        reason: Text,
        proposedBy: Email,
        agreedBy: Email,
      }),
    )
    .default([])
    .superRefine((marks, context) => {
      for (const [i, { proposedBy, agreedBy }] of marks.entries()) {
        const message = 'must be another person than proposedBy: one person does not mark a rule alone'
        if (proposedBy === agreedBy) context.addIssue({ code: 'custom', path: [i, 'agreedBy'], message })
      }
    }),
})

export type NamedMark = z.infer<typeof MarksDocument>['marks'][number]
