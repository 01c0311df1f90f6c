import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger } from './logger.ts'

/** The lines that logging gives. */
function logged(log: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  log(createLogger('debug', 'test', { write }))
  return text
}

describe('a log line', () => {
  it('keeps what failed and where, down to the cause', () => {
    const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    const line = JSON.parse(
      logged((logger) => logger.error({ err: new Error('Cannot read contacts', { cause }) }, 'no')),
    )
    assert.equal(line.err.type, 'Error')
    assert.equal(line.err.message, 'Cannot read contacts')
    assert.match(line.err.stack, /^ +at .*logger\.test\.ts/)
    assert.deepEqual([line.err.cause.message, line.err.cause.code], ['socket hang up', 'ECONNRESET'])
  })

  it('holds no secret of an error or of its causes, whether in the message or in a property of a library', () => {
    const cause = Object.assign(new Error('401 for https://me:hunter2@api.example.com/?access_token=hunter2&x=1'), {
      config: { headers: { authorization: 'Bearer hunter2' } },
      response: { data: { refresh_token: 'hunter2' } },
    })
    const error = new Error('Login failed: {"client_secret":"hunter2"} Authorization: Bearer hunter2', { cause })
    const line = logged((logger) => logger.error({ err: error, grant: { clientSecret: 'hunter2' } }, 'login'))
    assert.ok(!line.includes('hunter2'), line)
    assert.match(line, /401 for https:\/\/\[hidden\]@api\.example\.com/)
  })

  it('holds no token that is known by its form', () => {
    for (const token of [
      'pat-na1-12345678-1234-1234-1234-123456789012',
      '00D000000000001!AQEAQ.abc_def',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
      '-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----',
    ]) {
      const line = logged((logger) => logger.warn({ err: new Error(`refused ${token} here`) }, 'refused'))
      assert.ok(!line.includes(token.slice(-12)), line)
    }
  })

  it("holds nothing of a customer's fields: no value that Postgres refused, no e-mail address, no record", () => {
    const refused = Object.assign(new Error('invalid input syntax for type bigint: "Danwick Utilities"'), {
      code: '22P02',
      detail: 'Key (name)=(Danwick Utilities) already exists.',
      where: 'unnamed portal parameter $1 = Danwick Utilities',
    })
    const line = logged((logger) => {
      logger.error({ err: refused }, 'refused')
      logger.error({ err: new Error('Contact zoe@danwick-utilities.com is not valid') }, 'refused')
      logger.info({ record: { values: { name: 'Danwick Utilities' } } }, 'read')
    })
    assert.ok(!/danwick/i.test(line), line)
    assert.match(line, /22P02/)
  })

  it('names a request by method and path, without query, headers and body', () => {
    const request = { method: 'GET', url: '/oauth/done?code=hunter2', headers: { cookie: 'hunter2' }, body: 'hunter2' }
    const line = logged((logger) => logger.info({ req: request, res: { statusCode: 200, body: 'hunter2' } }, 'request'))
    assert.ok(!line.includes('hunter2'), line)
    assert.deepEqual(JSON.parse(line).req, { method: 'GET', path: '/oauth/done' })
  })
})
