import { z } from 'zod'

/** Also the terminal's: every fact behind the lines is in `lanekeeper departure EMAIL --json`. */
export const DepartureReply = z.object({
  /** As asked for, and the e-mails that the company links with it. */
  emails: z.array(z.string()),
  who: z.string(),
  /** A line that begins with blanks is about the one above. */
  sections: z.array(z.object({ title: z.string(), lines: z.array(z.string()) })),
  records: z.array(
    z.object({
      connectionId: z.string(),
      objectType: z.string(),
      records: z.number(),
      /** Of how many of them `outcomes` tells. */
      decided: z.number(),
      outcomes: z.array(
        z.object({
          records: z.number(),
          kind: z.enum(['rule', 'case', 'unknown', 'stays']),
          workflow: z.string().nullable(),
          rule: z.string().nullable(),
          branch: z.string().nullable(),
          /** Who gets the record, or the case. */
          to: z.string().nullable(),
          why: z.string().nullable(),
        }),
      ),
    }),
  ),
  /** Places in the policies, of each kind. */
  places: z.array(z.object({ kind: z.enum(['rule', 'condition', 'job', 'territory', 'delegate']), line: z.string() })),
  tasks: z.array(z.object({ connectionId: z.string(), workflow: z.string(), tasks: z.number(), cases: z.number() })),
})
export type DepartureReply = z.infer<typeof DepartureReply>
