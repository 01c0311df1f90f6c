/** Why a mail did not leave, in a sentence for an admin. */
export class MailError extends Error {
  override readonly name = 'MailError'
  /** recipient: the server takes no mail for this address. server: it takes none at all for now. */
  readonly what: 'recipient' | 'server'
  constructor(sentence: string, what: 'recipient' | 'server', cause: unknown) {
    super(sentence, { cause })
    this.what = what
  }
}

/** What nodemailer says of a failure. */
type SmtpFailure = Error & {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
  readonly response?: string
}

/** Of the server's answer as much as an admin needs to find it in the provider's manual. */
const ANSWER_MAX = 200

export function mailErrorOf(error: unknown, server: string): MailError {
  if (!(error instanceof Error)) return new MailError(`The mail to ${server} failed.`, 'server', error)
  const { code, command, responseCode, response } = error as SmtpFailure
  const answer = response === undefined ? '' : `: ${response.slice(0, ANSWER_MAX).trim()}`
  if (code === 'EAUTH') {
    const says = `${server} refused the user name or password${answer}. Check LANEKEEPER_SMTP_URL.`
    return new MailError(says, 'server', error)
  }
  if (responseCode !== undefined && (command === 'RCPT TO' || code === 'EENVELOPE')) {
    const what = command === 'MAIL FROM' ? 'the sender; check LANEKEEPER_MAIL_FROM' : 'the recipient'
    return new MailError(`${server} refused ${what}${answer}`, command === 'MAIL FROM' ? 'server' : 'recipient', error)
  }
  return new MailError(sentenceOf({ code, message: error.message, answer }, server), 'server', error)
}

function sentenceOf(
  of: { readonly code: string | undefined; readonly message: string; readonly answer: string },
  server: string,
): string {
  const { code, message, answer } = of
  // OpenSSL's own codes, such as ERR_SSL_WRONG_VERSION_NUMBER or SELF_SIGNED_CERT_IN_CHAIN, say more than ESOCKET.
  if (code === 'ETLS' || /certificate|\bTLS\b|\bSSL\b|self.signed/i.test(message)) {
    return `${server} and Lanekeeper could not agree on TLS (${message.slice(0, ANSWER_MAX)}). smtps:// speaks TLS at once, usually on port 465; smtp:// upgrades by STARTTLS, usually on port 587.`
  }
  if (code === 'EDNS' || /ENOTFOUND|EAI_AGAIN/.test(message)) {
    return `${server} has no address. Check the host name in LANEKEEPER_SMTP_URL.`
  }
  if (/ECONNREFUSED/.test(message))
    return `${server} refused the connection. Check host and port in LANEKEEPER_SMTP_URL.`
  if (code === 'ETIMEDOUT' || code === 'ECONNECTION' || code === 'ESOCKET') {
    return `${server} does not answer (${message.slice(0, ANSWER_MAX)}). A firewall may block outgoing mail.`
  }
  return answer === ''
    ? `${server} took no mail: ${message.slice(0, ANSWER_MAX)}`
    : `${server} refused the mail${answer}`
}
