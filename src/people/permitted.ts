import type { Kysely } from 'kysely'
import type { Act, Actor, SignInStrength, Subject, Verdict } from '../model/authority/acts.ts'
import { LANE_WORDS } from '../model/authority/lane-words.ts'
import { mayAct } from '../model/authority/may-act.ts'
import { workflowsOf } from '../model/authority/requirement.ts'
import { whatFrees } from '../model/authority/what-frees.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import type { Tables } from '../store/database/tables.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import { actorOf, namesOf } from '../store/people/persons.ts'
import type { Session, SignInMethod } from '../store/people/sessions.ts'
import { readStanding } from '../store/people/standing.ts'
import type { MachineToken } from '../store/people/tokens.ts'
import { type Refusal, RefusedError } from './refused.ts'

/**
 * Throws `RefusedError`, after noting the refusal in the ledger in a transaction of its own, unless the actor may. Ask it
 * where an act begins, and `verdictOn` again inside the transaction that changes something.
 */
export async function requireMay(db: Database, actor: Actor, act: Act, subject: Subject): Promise<void> {
  const verdict = await verdictOn(db, actor, act, subject)
  if (verdict.allowed) return
  await refuse(db, actor, act, subject, verdict)
}

/** As `requireMay` does it, for whoever asked at the effect, after that transaction was given up. */
export async function refuse(db: Database, actor: Actor, act: Act, subject: Subject, verdict: Refusal): Promise<never> {
  await note(db, actor, subject, 'refused', { act, because: verdict.code })
  const names = await namesOf(db, verdict.whoMay)
  throw new RefusedError(
    act,
    verdict,
    verdict.whoMay.map((id) => ({ id, name: names.get(id) ?? id })),
    verdict.code === 'vacant' ? await freedBy(db, act, subject) : '',
  )
}

/** Where a job is vacant: who names somebody for it first, as a sentence. */
async function freedBy(db: Database, act: Act, subject: Subject): Promise<string> {
  const now = { lanes: await lanesHeld(db, workflowsOf(subject)), nowMs: await databaseNowMs(db) }
  const first = whatFrees(act, subject, now)?.[0]
  if (first === undefined) return ''
  if (first.by.length === 0) return ' Run "npx lanekeeper admin EMAIL" on the server to name an admin first.'
  const names = await namesOf(db, first.by)
  const namers = first.by.map((id) => names.get(id) ?? id)
  const title = LANE_WORDS[first.lane].title.toLowerCase()
  return ` ${namers.join(' or ')} can name ${first.isDeputy ? `a deputy for the ${title}` : `the ${title}`} on the page People.`
}

/** The verdict alone, for pages that show or hide a button, and for asking again at the effect. */
export async function verdictOn(db: Kysely<Tables>, actor: Actor, act: Act, subject: Subject): Promise<Verdict> {
  const standing = await readStanding(db, actor.kind === 'person' ? actor.personId : null)
  const lanes = await lanesHeld(db, workflowsOf(subject))
  const now = { lanes, nowMs: standing.nowMs, hasSignInProvider: standing.hasSignInProvider }
  // A session may outlive its person by the moment between being read and being used.
  const present = actor.kind === 'person' ? { ...actor, isActive: actor.isActive && standing.isActive } : actor
  return mayAct(present, act, subject, now)
}

/** Inside the transaction of an effect: throws where the actor may no longer, so that what was begun there is given up. */
export type Still = (trx: Kysely<Tables>) => Promise<void>

class NotAllowedNowError extends Error {
  override readonly name = 'NotAllowedNowError'
  readonly asked: Asked
  readonly verdict: Refusal
  constructor(asked: Asked, verdict: Refusal) {
    super(verdict.because)
    this.asked = asked
    this.verdict = verdict
  }
}

export type Asked = { readonly act: Act; readonly subject: Subject }

/**
 * For an act whose transaction is somebody else's: `work` calls `still` inside it. Where a job ended since the act was asked
 * for, nothing is changed, the refusal is in the ledger, and `RefusedError` is thrown.
 */
export async function whileAllowed<T>(
  db: Database,
  actor: Actor,
  asked: readonly Asked[],
  work: (still: Still) => Promise<T>,
): Promise<T> {
  try {
    return await work(async (trx) => {
      for (const one of asked) {
        const verdict = await verdictOn(trx, actor, one.act, one.subject)
        if (!verdict.allowed) throw new NotAllowedNowError(one, verdict)
      }
    })
  } catch (error) {
    if (!(error instanceof NotAllowedNowError)) throw error
    return refuse(db, actor, error.asked.act, error.asked.subject, error.verdict)
  }
}

/** Who acts in a session. The CRM has not been asked; acts that want it ask first in `isActiveInCrm`. */
export function actorOfSession({ personId, method, signedInAt, onlyPauses }: Session): Actor {
  return {
    kind: 'person',
    personId,
    strength: onlyPauses ? 'only-pauses' : STRENGTH[method],
    signedInAtMs: signedInAt.getTime(),
    isActive: true,
    isActiveInCrm: null,
  }
}

/** A program that a token lets in: it never decides. */
export function actorOfToken({ id, workflow, scopes }: Pick<MachineToken, 'id' | 'workflow' | 'scopes'>): Actor {
  return { kind: 'token', tokenId: id, workflow, scopes }
}

const STRENGTH: Readonly<Record<SignInMethod, SignInStrength>> = {
  oidc: 'strong',
  code: 'strong',
  terminal: 'server',
  link: 'weak',
  sandbox: 'sandbox',
}

/** What the ledger and every table call an actor: never an e-mail or a name, which the chain could not forget. */
export function ledgerActor(actor: Actor): string {
  switch (actor.kind) {
    case 'person':
      return actorOf(actor.personId)
    case 'token':
      return `token:${actor.tokenId}`
    case 'rule':
      return `rule:${actor.ruleId}`
    case 'lanekeeper':
    case 'terminal':
      return actor.kind
  }
}

/**
 * Notes in the ledger that somebody who may began an act that leaves no entry of its own, such as calls to a CRM. Before it:
 * what a crash cuts short is in the ledger too.
 */
export async function noteBegun(db: Database, actor: Actor, act: Act, subject: Subject): Promise<void> {
  await note(db, actor, subject, 'act-begun', { act })
}

async function note(
  db: Database,
  actor: Actor,
  subject: Subject,
  kind: string,
  body: Readonly<Record<string, string>>,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await noteInLedger(trx, [{ kind, actor: ledgerActor(actor), subject: aboutOf(subject), body }])
  })
}

function aboutOf(subject: Subject): string {
  const { about, personId } = subject
  return about ?? workflowsOf(subject)[0] ?? (personId === undefined ? 'installation' : actorOf(personId))
}
