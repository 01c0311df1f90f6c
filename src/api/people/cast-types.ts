import { z } from 'zod'
import { Circle, JobLane } from './people-types.ts'

export const CastModeName = z.enum(['pilot', 'live'])

const CastJob = z.object({
  lane: JobLane,
  circle: Circle.nullable(),
  title: z.string(),
  /** Assumed: nobody has measured yet what a case takes. */
  minutesAWeek: z.number(),
  /** You may ask for it now. */
  canAsk: z.boolean(),
})

const CastSeat = z.object({
  /** A person's id, or the e-mail of a user who is nobody here yet. */
  candidateId: z.string(),
  name: z.string(),
  /** False: an admin invites them first. */
  isHere: z.boolean(),
  jobs: z.array(CastJob),
})
export type CastSeat = z.infer<typeof CastSeat>

const Cast = z.object({
  /** How many people the whole workflow takes, with those who have a job already. */
  people: z.number(),
  /** Whom to ask for what is vacant. Empty: nothing is. */
  seats: z.array(CastSeat),
})
export type Cast = z.infer<typeof Cast>

/** Null: the CRMs have too few active users. */
export const CastReply = z.object({ pilot: Cast.nullable(), live: Cast.nullable() })
export type CastReply = z.infer<typeof CastReply>

const JOBS_MAX = 20

/** What the page showed, so that nothing else is offered. */
export const CastRequest = z.strictObject({
  mode: CastModeName,
  jobs: z
    .array(z.strictObject({ lane: JobLane, circle: Circle.nullable(), candidateId: z.string().min(1).max(320) }))
    .min(1)
    .max(JOBS_MAX),
})
export type CastRequest = z.infer<typeof CastRequest>

export const CastOffered = z.object({ invited: z.number(), offered: z.number(), left: z.number() })
export type CastOffered = z.infer<typeof CastOffered>
