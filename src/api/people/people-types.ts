import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'
import { Lane } from '../sessions/session-types.ts'

export const Circle = z.enum(['general', 'senior', 'approved'])
/** Lanes of a workflow: of the installation there is only the admin. */
export const JobLane = Lane.exclude(['admin'])

const Named = z.object({ id: z.string(), name: z.string() })
export type Named = z.infer<typeof Named>

/** How a question reached its person. */
const Told = z.discriminatedUnion('by', [
  z.object({ by: z.literal('task'), where: z.string(), url: z.string().nullable(), isWritten: z.boolean() }),
  z.object({ by: z.literal('mail'), address: z.string(), sentAt: Instant.nullable(), error: z.string().nullable() }),
  /** Neither a task nor a mail can reach them: an admin has to tell them. */
  z.object({ by: z.literal('hand') }),
])
export type Told = z.infer<typeof Told>

const JobView = z.object({
  id: z.number(),
  workflow: z.string(),
  workflowTitle: z.string(),
  lane: Lane,
  circle: Circle.nullable(),
  deputy: z.boolean(),
  /** "boundary owner", "reviewer (everyday cases)". */
  title: z.string(),
  state: z.enum(['offered', 'accepted', 'ended']),
  offeredAt: Instant,
  offeredBy: z.string(),
  remindedAt: Instant.nullable(),
  acceptedAt: Instant.nullable(),
  /** Its holder is asked whether they still hold it. */
  isToConfirm: z.boolean(),
  /** Until when an answer is waited for; null: none is. */
  answerBy: Instant.nullable(),
  confirmBy: Instant.nullable(),
  endedAt: Instant.nullable(),
  /** "declined", "did not answer within 5 business days". */
  endedBecause: z.string().nullable(),
  /** Of a question that waits: how it was brought to them. */
  told: z.array(Told),
  /** What usually breaks without it (M21). */
  without: z.string(),
  question: z.string(),
  /** Assumed: nobody has measured yet what a case takes. Null: of a deputy, and of a job that is over. */
  minutesAWeek: z.number().nullable(),
})
export type JobView = z.infer<typeof JobView>

const IdentityView = z.object({
  id: z.number(),
  /** What the CRM calls its user. Null: no user of a CRM that is connected. */
  name: z.string().nullable(),
  kind: z.enum(['crm', 'oidc', 'mail']),
  /** The title of a connection, "Sign-in of id.acme.com", "Mailed code". */
  where: z.string(),
  email: z.string().nullable(),
  state: z.enum(['proposed', 'confirmed', 'conflict', 'refused', 'ended']),
  why: z.string(),
})
export type IdentityView = z.infer<typeof IdentityView>

const PersonView = z.object({
  id: z.string(),
  name: z.string(),
  isYou: z.boolean(),
  isAdmin: z.boolean(),
  endedAt: Instant.nullable(),
  /** Open ones first, then the history, the newest first. */
  jobs: z.array(JobView),
  /** Absences that are not over, the first first. Days of their own calendar. */
  away: z.array(
    z.object({ id: z.number(), from: z.string(), until: z.string(), isNow: z.boolean(), delegate: Named.nullable() }),
  ),
  load: z.object({
    openTasks: z.number(),
    /** Of the jobs that they accepted. Assumed: nobody has measured yet what a case takes. */
    minutesAWeek: z.number(),
  }),
  identities: z.array(IdentityView),
})
export type PersonView = z.infer<typeof PersonView>

const PlaceView = z.object({
  lane: Lane,
  circle: Circle.nullable(),
  title: z.string(),
  question: z.string(),
  without: z.string(),
  /** What all of it takes, assumed. */
  minutesAWeek: z.number(),
  holders: z.array(Named),
  deputies: z.array(Named),
  offered: z.array(Named.extend({ deputy: z.boolean() })),
  /** You may name somebody for it. */
  canAppoint: z.boolean(),
  /** Who may, the first to ask first. */
  appointers: z.array(Named),
  /** Nobody has accepted it. */
  isVacant: z.boolean(),
  /** What became of the last one, as a sentence. */
  last: z.string().nullable(),
})
export type PlaceView = z.infer<typeof PlaceView>

const WorkflowPlaces = z.object({
  workflow: z.string(),
  title: z.string(),
  mode: z.string(),
  places: z.array(PlaceView),
})
export type WorkflowPlaces = z.infer<typeof WorkflowPlaces>

export const PeopleReply = z.object({
  at: Instant,
  you: z.object({ id: z.string(), isAdmin: z.boolean() }),
  /** A mail server is set. */
  hasMail: z.boolean(),
  hasConnection: z.boolean(),
  people: z.array(PersonView),
  workflows: z.array(WorkflowPlaces),
})
export type PeopleReply = z.infer<typeof PeopleReply>

export const UserQuery = z.object({ q: z.string().max(200).default('') })

/** Active users of the CRMs who are nobody's confirmed identity yet. */
export const UsersReply = z.object({
  users: z.array(
    z.object({
      connectionId: z.string(),
      userId: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      where: z.string(),
    }),
  ),
})
export type UsersReply = z.infer<typeof UsersReply>

export const JobRequest = z.strictObject({
  workflow: z.string().min(1).max(200),
  lane: Lane,
  circle: Circle.nullable(),
  deputy: z.boolean(),
  personId: z.string().regex(/^[0-9a-f]{16}$/),
})
export type JobRequest = z.infer<typeof JobRequest>

export const AnswerRequest = z.strictObject({
  answer: z.enum(['accept', 'decline', 'confirm', 'give-back', 'withdraw']),
})
export type AnswerRequest = z.infer<typeof AnswerRequest>

const Day = z.iso.date()

export const AbsenceRequest = z.strictObject({
  personId: z.string().regex(/^[0-9a-f]{16}$/),
  from: Day,
  until: Day,
  delegateId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .nullable(),
})
export type AbsenceRequest = z.infer<typeof AbsenceRequest>

export const InviteRequest = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('user'), connectionId: z.string().max(200), userId: z.string().max(200) }),
  z.strictObject({ by: z.literal('email'), email: z.email().max(254), name: z.string().trim().min(1).max(200) }),
])
export type InviteRequest = z.infer<typeof InviteRequest>

export const InviteReply = z.object({ personId: z.string(), isNew: z.boolean() })
export const PersonLinkReply = z.object({ url: z.string(), hours: z.number() })
export type PersonLinkReply = z.infer<typeof PersonLinkReply>
export const Done = z.object({ done: z.literal(true) })
