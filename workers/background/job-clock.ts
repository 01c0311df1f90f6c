import { setInterval as every } from 'node:timers/promises'
import { createMailer, type MailSettings } from '../../src/mail/send-mail.ts'
import { runJobClock } from '../../src/people/run-job-clock.ts'
import { sendJobMails } from '../../src/people/send-job-mails.ts'
import { aloneOrNull } from '../../src/store/database/locks.ts'
import type { WorkerContext } from '../runtime/context.ts'

/** An offer is with its person within seconds; the reminders and ends are a matter of days. */
const LOOK_EVERY_MS = 3_000

/** Tells people of jobs that are offered or vacant, reminds them, and ends what nobody answers. One process at a time. */
export async function runJobs(
  { db, logger, signal, publicUrl, queues, connectionIds }: WorkerContext,
  mail: MailSettings,
): Promise<void> {
  const mailer = createMailer(mail)
  signal.addEventListener('abort', () => mailer?.close(), { once: true })
  let failing = false
  for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) {
    try {
      await aloneOrNull(db, 'job-clock', async () => {
        const { ended, standIns } = await runJobClock(db, { publicUrl, canMail: mailer !== null })
        if (ended + standIns > 0) for (const id of connectionIds()) queues.wake('decide', id)
        if (mailer !== null) await sendJobMails(db, mailer)
      })
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted)
        logger.warn({ err: error }, 'the clock of jobs does not run, it will be tried again')
      failing = true
    }
  }
}
