import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

const Name = z.string().min(1).max(200)

export const Scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('branch'), workflow: Name, branch: Name }),
  z.strictObject({ kind: z.literal('workflow'), workflow: Name }),
  z.strictObject({ kind: z.literal('connection'), connectionId: Name }),
])
export type Scope = z.infer<typeof Scope>

/** Nobody who has to stop something now has to explain it first. */
export const PauseBody = z.strictObject({ scope: Scope, reason: z.string().trim().max(1_000).default('') })
export type PauseBody = z.input<typeof PauseBody>
export const PausedReply = z.object({
  pauseId: z.number(),
  isNew: z.boolean(),
  /** Writes that had left before and have no answer yet. */
  grants: z.number(),
})

export const AskedReply = z.object({
  /** Null: it is paused already. */
  requestId: z.number().nullable(),
  dueAt: Instant.nullable(),
})

export const DeclineBody = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })
export const AnsweredReply = z.object({ isAnswered: z.boolean() })

export const ResumedReply = z.object({
  /** False: somebody ended it before. */
  isResumed: z.boolean(),
  /** Titles of the workflows for which it goes on. */
  stillPaused: z.array(z.string()),
})

const Holder = z.object({ id: z.string(), name: z.string(), role: z.enum(['holder', 'deputy', 'delegate']) })
export type Holder = z.infer<typeof Holder>

/** A workflow or a connection, and what the reader may do about it. */
const Pausable = z.object({
  scope: Scope,
  title: z.string(),
  /** The branches that can be paused apart; of a connection none. */
  branches: z.array(z.string()),
  whoMay: z.array(Holder),
  may: z.enum(['pause', 'ask', 'nothing']),
  isPaused: z.boolean(),
})
export type Pausable = z.infer<typeof Pausable>

const PauseView = z.object({
  id: z.number(),
  scope: Scope,
  title: z.string(),
  reason: z.string(),
  /** A name, or null where Lanekeeper did it because nobody answered in time. */
  by: z.string().nullable(),
  at: Instant,
  askedBy: z.string().nullable(),
  endedAt: Instant.nullable(),
  endedBy: z.string().nullable(),
  /** Owner changes that wait for its end, counted up to a bound. */
  waiting: z.object({ n: z.number(), isMore: z.boolean() }),
  /** What had left before the pause took effect, and whether the CRM has answered. */
  grants: z.object({ n: z.number(), answered: z.number() }),
  /** Of a connection: for which workflows it has not been ended, by title. */
  stillPaused: z.array(z.string()),
  /** Null: the reader may end it, wholly or for their workflows. Else why not. */
  mayNotResume: z.string().nullable(),
})
export type PauseView = z.infer<typeof PauseView>

const RequestView = z.object({
  id: z.number(),
  scope: Scope,
  title: z.string(),
  reason: z.string(),
  askedBy: z.string(),
  at: Instant,
  dueAt: Instant,
  mayPause: z.boolean(),
})
export type RequestView = z.infer<typeof RequestView>

export const ControlReply = z.object({
  /** A page that stays signed in for weeks: it shows what can be paused and nothing else. */
  onlyPauses: z.boolean(),
  workflows: z.array(Pausable),
  connections: z.array(Pausable),
  paused: z.array(PauseView),
  requests: z.array(RequestView),
  ended: z.array(PauseView),
})
export type ControlReply = z.infer<typeof ControlReply>
