import { SMTPServer } from 'smtp-server'

/** A real SMTP server on this machine. It takes no mail for addresses that begin with "nobody". */
export type ScriptedMail = { readonly port: number; readonly mails: string[]; close(): Promise<void> }

export async function scriptedMailServer(options: { readonly users?: boolean } = {}): Promise<ScriptedMail> {
  const mails: string[] = []
  const server = new SMTPServer({
    // Without a certificate that a stranger would believe.
    hideSTARTTLS: true,
    authOptional: !options.users,
    allowInsecureAuth: true,
    onAuth: ({ password }, _session, done) =>
      done(password === 'right' ? null : new Error('Wrong password'), { user: 'u' }),
    onRcptTo({ address }, _session, done) {
      if (address.startsWith('nobody'))
        return done(Object.assign(new Error('No such user here'), { responseCode: 550 }))
      done()
    },
    onData(stream, _session, done) {
      let text = ''
      stream.on('data', (part: Buffer) => {
        text += part.toString()
      })
      stream.on('end', () => {
        mails.push(text)
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as { port: number }
  return { port, mails, close: () => new Promise((resolve) => server.close(() => resolve())) }
}
