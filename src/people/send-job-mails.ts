import { MailError } from '../mail/mail-error.ts'
import type { Mailer } from '../mail/send-mail.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { claimMessages, noteSent } from '../store/offers/job-messages.ts'

/** People in one turn, so that a slow server does not hold up the clock for long. */
const PEOPLE_MAX = 20

/** Sends what waits, one mail a person. What the server refuses is noted and tried again later. Returns how many went out. */
export async function sendJobMails(db: Database, mailer: Mailer): Promise<number> {
  let sent = 0
  for (let n = 0; n < PEOPLE_MAX; n += 1) {
    const messages = await inTransaction(db, claimMessages)
    const [first] = messages
    if (first === undefined) break
    const ids = messages.map(({ id }) => id)
    try {
      await mailer.send({
        to: first.address,
        subject: messages.length === 1 ? first.subject : `${messages.length} messages about jobs in Lanekeeper`,
        text: messages
          .map(({ subject, body }) => (messages.length === 1 ? body : `${subject}\n\n${body}`))
          .join('\n\n\n'),
      })
      await noteSent(db, ids, null)
      sent += 1
    } catch (error) {
      if (!(error instanceof MailError)) throw error
      await noteSent(db, ids, error.message)
    }
  }
  return sent
}
