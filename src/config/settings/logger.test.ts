import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { failureOf as hubSpotFailure } from '../../crm/hubspot/http/failure.ts'
import { failureOf as salesforceFailure } from '../../crm/salesforce/rest/failure.ts'
import { createLogger, LOGGED_FIELDS } from './logger.ts'

/** The lines that logging gives. */
function logged(log: (logger: ReturnType<typeof createLogger>) => void, level = 'debug'): string {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  log(createLogger(level, 'test', { write }))
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

  for (const address of [
    'zoe@danwick.com',
    'zoe%40danwick.com',
    'zoe.o%27neill@danwick.co.uk',
    'zoë.danwick@example.com',
    'zoe@danwick-müller.de',
    '佐藤@danwick.jp',
  ]) {
    it(`holds no e-mail address that stands in a path, a message, a cause or an argument, as ${address}`, () => {
      const url = `https://api.crm.test/contacts/email/${address}/profile?after=${address}`
      const line = logged((logger) => {
        logger.info({ req: { method: 'GET', url: `/people/${address}` } }, 'request')
        logger.warn({ err: new TypeError(`Failed to parse URL from ${url}`) }, 'failed')
        logger.error({ err: new Error('Cannot go on', { cause: new Error(`GET ${url} (${address})`) }) })
        logger.error({ err: address, why: `"${address}" is nobody` }, `nobody has <${address}>`)
        logger.error('nobody has %s or %o', address, { email: address })
      })
      assert.ok(!/danwick|zo|佐藤/i.test(line), line)
      assert.match(line, /contacts.{1,2}email/)
    })
  }

  it('of any level holds nothing that a CRM answered, whatever the error carries it in', () => {
    const body = {
      message: 'Canary Canaryman already has the e-mail canary@secret.example and the phone 030 canary',
      category: 'VALIDATION_ERROR',
    }
    const hubSpot = hubSpotFailure({ ...FAILED, kind: 'write', attempt: 'write contacts', body })
    const outage = hubSpotFailure({ ...FAILED, kind: 'read', attempt: 'read contacts', status: 502, body })
    const salesforce = salesforceFailure(
      {
        status: 400,
        headers: new Headers(),
        text: JSON.stringify([
          { errorCode: 'DUPLICATE_VALUE', message: 'duplicate: Canary Canaryman +49 30 1234 canary' },
        ]),
      } as never,
      { call: 'PATCH /sobjects/Lead', kind: 'write', nowMs: 0 },
    )
    let parsing: unknown
    try {
      JSON.parse('Canary Canaryman')
    } catch (error) {
      parsing = error
    }
    const zone = new RangeError('Invalid time zone specified: Canary/Town')
    const raised = Object.assign(new Error('value Canary is not wanted'), { code: 'P0001', detail: 'Canary' })
    const failures = [hubSpot, outage, salesforce, parsing, zone, raised]
    const all = [
      ...failures,
      ...failures.map((cause) => new Error('Cannot go on', { cause })),
      new AggregateError(failures, 'several'),
    ]
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
      const lines = logged((logger) => {
        for (const error of all) {
          logger[level]({ err: error }, 'failed')
          logger[level]({ error })
          logger[level](error as Error)
          logger[level](error as Error, 'failed')
          logger[level]({ answer: body, contact: { name: 'Canary' }, outcome: error }, 'failed')
          logger[level](
            { errors: [{ file: 'a.yaml', line: 3, message: 'Canary', given: { name: 'Canary' } }] },
            'refused',
          )
        }
        logger[level]('Cannot write to canary@secret.example, +49 30 1234567')
        logger.child({ requestId: '1' })[level]({ body }, 'failed')
      }, 'trace')
      assert.ok(
        !/canary|1234567/i.test(lines),
        lines.split('\n').find((line) => /canary|1234567/i.test(line)),
      )
      assert.match(lines, /Cannot write contacts: HubSpot answered 400/)
      assert.match(lines, /DUPLICATE_VALUE/)
      assert.match(lines, /"errors":\[\{"file":"a.yaml","line":3\}\]/)
    }
  })

  it('may say everything that our own lines say: each of their fields is on the list', () => {
    const root = new URL('../../../', import.meta.url)
    const unlisted: string[] = []
    for (const room of ['src', 'workers']) {
      for (const file of readdirSync(new URL(room, root), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
        const text = readFileSync(new URL(`${room}/${file}`, root), 'utf8')
        for (const [, fields = ''] of text.matchAll(
          /\blog(?:ger)?\.(?:trace|debug|info|warn|error|fatal)\(\s*\{([^}]*)\}/g,
        )) {
          for (const [, name = ''] of fields.matchAll(/(?:^|,)\s*(\w+)/g)) {
            if (!LOGGED_FIELDS.has(name)) unlisted.push(`${file}: ${name}`)
          }
        }
      }
    }
    assert.deepEqual(unlisted, [])
  })
})

const FAILED = { status: 400, retryAfter: null, nowMs: 0, timeZone: null }
