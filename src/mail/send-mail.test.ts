import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type ScriptedMail, scriptedMailServer } from '../../test/support/mail-server.ts'
import { MailError } from './mail-error.ts'
import { createMailer, type Mailer } from './send-mail.ts'

const MAIL = { to: 'tom@acme.test', subject: 'A code', text: 'Your code is 12345678.' }
const FROM = 'Lanekeeper <lanekeeper@acme.test>'

function mailerAt(url: string): Mailer {
  return createMailer({ smtpUrl: url, mailFrom: FROM })!
}

async function sentenceOf(work: Promise<void>): Promise<string> {
  const error = await work.then(
    () => null,
    (failure: unknown) => failure,
  )
  assert.ok(error instanceof MailError, String(error))
  return error.message
}

describe('mail', () => {
  let server: ScriptedMail
  before(async () => {
    server = await scriptedMailServer()
  })
  after(() => server.close())

  it('arrives as it was written, from the address of the settings', async () => {
    const mailer = mailerAt(`smtp://127.0.0.1:${server.port}`)
    await mailer.check()
    await mailer.send(MAIL)
    const text = server.mails.at(-1)!
    assert.match(text, /From: Lanekeeper <lanekeeper@acme\.test>/)
    assert.match(text, /To: tom@acme\.test/)
    assert.match(text, /Subject: A code/)
    assert.match(text, /Your code is 12345678\./)
  })

  it('goes to one address only, whatever stands in it', async () => {
    const mailer = mailerAt(`smtp://127.0.0.1:${server.port}`)
    await mailer.send({ ...MAIL, subject: 'A\r\nBcc: other@acme.test' })
    assert.ok(!/^Bcc:/m.test(server.mails.at(-1)!))
  })

  it('says that the server takes no mail for an address, with its words', async () => {
    const mailer = mailerAt(`smtp://127.0.0.1:${server.port}`)
    const says = await sentenceOf(mailer.send({ ...MAIL, to: 'nobody@acme.test' }))
    assert.match(says, /refused the recipient: 550 No such user here/)
  })

  it('says that the password is wrong, without the password', async () => {
    const strict = await scriptedMailServer({ users: true })
    const says = await sentenceOf(mailerAt(`smtp://u:wrong-one@127.0.0.1:${strict.port}`).check())
    assert.match(says, /refused the user name or password.*LANEKEEPER_SMTP_URL/)
    assert.ok(!says.includes('wrong-one'))
    await mailerAt(`smtp://u:right@127.0.0.1:${strict.port}`).send(MAIL)
    await strict.close()
  })

  it('says that the server is down', async () => {
    const down = await scriptedMailServer()
    await down.close()
    assert.match(await sentenceOf(mailerAt(`smtp://127.0.0.1:${down.port}`).send(MAIL)), /refused the connection/)
  })

  it('says that the host has no address', async () => {
    assert.match(await sentenceOf(mailerAt('smtp://mail.invalid:25').send(MAIL)), /has no address|does not answer/)
  })

  it('says that TLS failed, and what to write instead', async () => {
    const says = await sentenceOf(mailerAt(`smtps://127.0.0.1:${server.port}`).send(MAIL))
    assert.match(says, /could not agree on TLS/)
  })

  it('gives up on a server that accepts and says nothing', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    assert.match(await sentenceOf(mailerAt(`smtp://127.0.0.1:${port}`).check()), /does not answer|took no mail/)
    silent.close()
  })

  it('does not exist without a server', () => {
    assert.equal(createMailer({ smtpUrl: null, mailFrom: null }), null)
  })
})
