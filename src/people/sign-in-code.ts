import { randomInt } from 'node:crypto'
import type { Mailer } from '../mail/send-mail.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { mailIdentity, personOfIdentity } from '../store/people/identities.ts'
import { personsToPropose } from '../store/people/joins.ts'
import type { PersonId } from '../store/people/persons.ts'
import type { Session, SessionMade } from '../store/people/sessions.ts'
import { ATTEMPT_MINUTES, type CodeTried, saveCodeAttempt, tryCode } from '../store/people/sign-in-attempts.ts'
import { addWay, personFor, type SignInRefusal } from './join.ts'
import { noteSignIn, signIn } from './sign-in.ts'
import { randomSecret } from './sign-in-secret.ts'

export type CodeDeps = {
  readonly db: Database
  readonly mailer: Mailer
  /** How the mail names us: the address that people know. */
  readonly publicUrl: string
  /** A mail that did not leave although the server answers. Nobody who asked is told. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Mails a code, if anybody here has the address. Whoever asks learns the same either way, in the same time: the mail leaves
 * after the answer. Throws MailError where the server takes no mail at all, whatever the address.
 */
export async function askForCode(
  { db, mailer, publicUrl, onFailure }: CodeDeps,
  of: {
    readonly address: string
    readonly cookie: string
    readonly returnTo: string | null
    readonly forPerson: PersonId | null
  },
): Promise<'asked' | 'too-many'> {
  const address = mailIdentity(of.address).subject
  await mailer.check()
  const code = String(randomInt(0, 10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0')
  const isSaved = await inTransaction(db, (trx) =>
    saveCodeAttempt(trx, { ...of, state: randomSecret(), address, code }),
  )
  if (!isSaved) return 'too-many'
  if (of.forPerson === null && !(await isKnown(db, address))) return 'asked'
  const mail = { to: address, subject: 'Your code for Lanekeeper', text: textOf(code, publicUrl) }
  if (of.forPerson !== null) await mailer.send(mail)
  else mailer.send(mail).catch(onFailure)
  return 'asked'
}

/** One in 100 million; five tries each for five codes in ten minutes. */
const CODE_DIGITS = 8

async function isKnown(db: Database, address: string): Promise<boolean> {
  if ((await personOfIdentity(db, mailIdentity(address))) !== null) return true
  return (await personsToPropose(db, address)).length > 0
}

function textOf(code: string, publicUrl: string): string {
  return `Your code for Lanekeeper (${publicUrl}):

${code.slice(0, 4)} ${code.slice(4)}

Enter it in the browser in which you asked for it, within ${ATTEMPT_MINUTES} minutes. Give it to nobody: Lanekeeper never asks for it.

You did not ask for a code? Then somebody typed your address. Nothing happens without the code, and you need do nothing.
`
}

export type CodeRefusal = Exclude<CodeTried['is'], 'right' | 'wrong'> | 'wrong-code' | SignInRefusal | 'signed-out'

export type CodeAnswer =
  | { readonly is: 'signed-in'; readonly made: SessionMade; readonly returnTo: string | null }
  | { readonly is: 'added' }
  | { readonly is: 'refused'; readonly why: CodeRefusal; readonly triesLeft?: number }

/** Takes the code that somebody typed. Each wrong one counts, in any number of windows of one browser. */
export async function answerCode(
  db: Database,
  of: {
    readonly address: string
    readonly code: string
    readonly cookie: string | null
    readonly session: Session | null
    readonly browser: string
  },
): Promise<CodeAnswer> {
  const identity = mailIdentity(of.address)
  return inTransaction(db, async (trx) => {
    const tried = await tryCode(trx, { cookie: of.cookie, address: identity.subject, code: of.code })
    if (tried.is !== 'right') {
      const why = tried.is === 'wrong' ? 'wrong-code' : tried.is
      // The last wrong try and whatever comes after a code was used is worth knowing; a slip is not.
      const isNoted = tried.is === 'used' || (tried.is === 'wrong' && tried.triesLeft === 0)
      const personId = isNoted ? await personOfIdentity(trx, identity) : null
      if (personId !== null) {
        const body = { way: 'code', because: why }
        await noteSignIn(trx, { kind: 'sign-in-refused', personId, actor: 'lanekeeper', body })
      }
      return { is: 'refused', why, ...(tried.is === 'wrong' ? { triesLeft: tried.triesLeft } : {}) }
    }
    const outside = { ...identity, email: identity.subject, emailVerified: true }
    if (tried.forPerson !== null) {
      if (of.session?.personId !== tried.forPerson) return { is: 'refused', why: 'signed-out' }
      const added = await addWay(trx, of.session, outside)
      return added.is === 'refused' ? added : { is: 'added' }
    }
    const found = await personFor(trx, outside)
    if (found.is === 'refused') return found
    const made = await signIn(trx, { personId: found.personId, method: 'code', browser: of.browser })
    return { is: 'signed-in', made, returnTo: tried.returnTo }
  })
}

/** Sends an admin's own mail to see whether mail works. Throws MailError with a sentence. */
export async function sendTestMail(mailer: Mailer, to: string, publicUrl: string): Promise<void> {
  const text = `This is a test from Lanekeeper (${publicUrl}). Mail works: people can sign in with mailed codes.\n`
  await mailer.send({ to, subject: 'Test mail from Lanekeeper', text })
}
