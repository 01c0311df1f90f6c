import { z } from 'zod'
import { EXCEPTION_CLASSES } from '../../model/classes/class.ts'

/**
 * What the console and the server exchange. The server checks its replies against these schemas, so a column never
 * leaks by accident; the console imports the inferred types only.
 */

export const ExceptionClassName = z.enum(EXCEPTION_CLASSES)

/** ISO 8601 in UTC. */
export const Instant = z.string()

export const Person = z.object({ email: z.string(), name: z.string(), active: z.boolean() })
export type Person = z.infer<typeof Person>
