import { createTransport } from 'nodemailer'
import { mailErrorOf } from './mail-error.ts'

export type Mail = { readonly to: string; readonly subject: string; readonly text: string }

export type Mailer = {
  /** Resolves when the server has taken the mail. Throws MailError with a sentence. */
  send(mail: Mail): Promise<void>
  /** Whether the server takes mail at all: connects and signs in, and sends nothing. Throws MailError. */
  check(): Promise<void>
  close(): void
}

export type MailSettings = {
  /** `smtps://user:password@mail.acme.com` or `smtp://mail.acme.com:587`. Null: no mail. */
  readonly smtpUrl: string | null
  readonly mailFrom: string | null
}

/** A page waits for the answer, and the service gives it up after 15 s. */
const CONNECT_MS = 4_000
const ANSWER_MS = 6_000

/** Null: no SMTP server is set, so nothing can be mailed. */
export function createMailer({ smtpUrl, mailFrom }: MailSettings): Mailer | null {
  if (smtpUrl === null || mailFrom === null) return null
  const server = new URL(smtpUrl).host
  const transport = createTransport({
    url: smtpUrl,
    // A password never crosses a network in the clear; a server on this machine may have no certificate.
    requireTLS: isRemote(smtpUrl),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: ANSWER_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, subject, text }) {
      try {
        await transport.sendMail({ from: mailFrom, to: { name: '', address: to }, subject, text })
      } catch (error) {
        throw mailErrorOf(error, server)
      }
    },
    async check() {
      try {
        await transport.verify()
      } catch (error) {
        throw mailErrorOf(error, server)
      }
    },
    close: () => transport.close(),
  }
}

function isRemote(smtpUrl: string): boolean {
  const { hostname, protocol } = new URL(smtpUrl)
  return protocol === 'smtp:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.')
}
