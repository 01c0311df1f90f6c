import type { ExceptionClass, ReviewCircle } from '../classes/class.ts'

/** An authority of its own. `admin` is none over cases: it connects, invites and edits drafts. */
export type Lane = 'review' | 'override' | 'rollback' | 'boundary' | 'data' | 'workflow' | 'admin'

export type LaneRole = 'holder' | 'deputy' | 'delegate'

/** A lane that somebody holds now, or in which they stand in. */
export type LaneHeld = {
  /** Empty: of the installation, which only admin is. */
  readonly workflow: string
  readonly lane: Lane
  /** Of review alone. */
  readonly circle: ReviewCircle | null
  readonly personId: string
  readonly role: LaneRole
  /** Null: no end is known. Compared with the clock where it is used. */
  readonly untilMs: number | null
}

/**
 * What a sign-in is good for. strong: a provider or a mailed code. server: a link of the terminal, whose holder has the
 * database. weak: a link that somebody made. sandbox: the cast of the sandbox, which may do what strong may, there.
 * only-pauses: a page that stays open for weeks.
 */
export type SignInStrength = 'strong' | 'server' | 'weak' | 'sandbox' | 'only-pauses'

export type TokenScope = 'propose' | 'read' | 'ask-for-pause'

export type Actor =
  | {
      readonly kind: 'person'
      readonly personId: string
      readonly strength: SignInStrength
      /** When they last proved who they are. */
      readonly signedInAtMs: number
      /** False: ended here. */
      readonly isActive: boolean
      /**
       * By the CRM read live. no-user: the person has no user in any CRM. Null: not asked, which acts on a CRM's records
       * that ask for it do not take for a yes.
       */
      readonly isActiveInCrm: boolean | 'no-user' | null
    }
  | {
      readonly kind: 'token'
      readonly tokenId: string
      readonly workflow: string
      readonly scopes: readonly TokenScope[]
    }
  /** Of a policy in force. */
  | { readonly kind: 'rule'; readonly ruleId: string }
  | { readonly kind: 'lanekeeper' }
  /** Of the server: who holds it has the database. Allowed what an admin with a strong sign-in may. */
  | { readonly kind: 'terminal' }

/** Every act that changes something, in the words of the table in docs. */
export const ACTS = [
  'read',
  'answer',
  'block',
  'send-back',
  'snooze',
  'hand-over',
  'override',
  'open-door',
  'complete-door',
  'act-by-hand',
  'pause',
  'ask-for-pause',
  'resume',
  'undo',
  'edit-draft',
  'approve-publish',
  'narrow',
  'mark',
  'raise',
  'lower',
  'apply-to-backlog',
  'stop-backlog',
  'appoint',
  'accept',
  'decline',
  'give-back',
  'set-absence',
  'announce-change',
  'connect',
  'change-keys',
  'erase',
  'replay-quarantine',
  'invite',
  'confirm-join',
  'make-link',
  'make-token',
  'scan',
  'allow-writing',
  'stop-writing',
  'disconnect',
] as const
export type Act = (typeof ACTS)[number]

/** The four ways in which an unknown leaves. */
export type Door = 'scope' | 'new-rule' | 'input-path' | 'manual-fallback'

/** What an act is about, as far as it matters for who may. What does not apply is left out. */
export type Subject = {
  /** Empty: the installation. */
  readonly workflow?: string
  /** Workflows that an act on a connection concerns. */
  readonly workflows?: readonly string[]
  readonly class?: ExceptionClass
  readonly circle?: ReviewCircle
  /** People who may not judge this: authors of the change, who proposed it, owners who would gain. */
  readonly excluded?: readonly string[]
  readonly door?: Door
  /** Of a draft: whoever changed it since its base. Null: nobody knows, as of a file. */
  readonly authors?: readonly string[] | null
  /** Who approved the same content before. */
  readonly approvedBy?: readonly string[]
  /** Whom an offer, an absence or a sign-in is of. */
  readonly personId?: string
  /** Which job is filled. */
  readonly lane?: Lane
  /** Whether the job is that of the deputy. */
  readonly isDeputy?: boolean
  /** Whether the workflow writes to production now. */
  readonly isLive?: boolean
  /** A snooze that ends with the deal rather than on a day. */
  readonly untilDealCloses?: boolean
  /** What the ledger calls it, such as the id of a connection. Absent: the workflow, or else the person. */
  readonly about?: string
}

/** Why somebody was refused, for the ledger and for machines: the sentence may be reworded, the code stays. */
export type RefusalCode =
  | 'not-named'
  | 'vacant'
  | 'excluded'
  | 'author'
  | 'approved-before'
  | 'no-more-needed'
  | 'self-appointment'
  | 'unknown-class'
  | 'not-unknown'
  | 'inactive'
  | 'inactive-in-crm'
  | 'crm-not-asked'
  | 'weak-sign-in'
  | 'old-sign-in'
  | 'only-pauses'
  | 'machine'

/** What besides the jobs decides: the clock, and how people sign in here. */
export type Circumstances = {
  readonly lanes: readonly LaneHeld[]
  readonly nowMs: number
  /** Whether people sign in through an OIDC issuer, so that a strong act can ask for a sign-in of just now. */
  readonly hasSignInProvider: boolean
}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      readonly code: RefusalCode
      /** A sentence for the person who was refused. */
      readonly because: string
      /** People who may do it now, by id, the first to ask first. Empty: nobody can, and `because` says what would change that. */
      readonly whoMay: readonly string[]
      /** What would let this actor: to sign in again, or with a stronger way. */
      readonly wants?: 'recent-sign-in' | 'strong-sign-in' | 'crm-user'
    }
