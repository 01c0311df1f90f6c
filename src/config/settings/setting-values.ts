import { z } from 'zod'
import { isLoopback } from '../../crm/allowed-hosts.ts'

/** How the text of each kind of setting is read. */

export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'is not a port: use a number from 0 (any free port) to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'is not a port: use a number from 0 (any free port) to 65535')

export const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `is not an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })

/** Where a path or a query would be lost when our own is appended. */
export const baseUrl = url('http:', 'https:').transform((text) => text.replace(/\/+$/, ''))

const whole = (unit: string) => (least: number, most: number) => {
  const problem = `is not a number of ${unit} from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d+$/, problem)
    .transform(Number)
    .refine((value) => value >= least && value <= most, problem)
}

export const seconds = whole('seconds')
export const milliseconds = whole('milliseconds')

/** Ahead or behind. */
export const skewSeconds = z
  .string()
  .regex(/^-?\d{1,5}$/, 'is not a number of seconds from -86400 to 86400')
  .transform(Number)
  .refine((value) => Math.abs(value) <= 86_400, 'is not a number of seconds from -86400 to 86400')

export const text = z.string().min(1)

export const redisUrl = z.string().refine(
  (value) =>
    value.split(',').every((part) => {
      const trimmed = part.trim()
      return URL.canParse(trimmed) && ['redis:', 'rediss:'].includes(new URL(trimmed).protocol)
    }),
  'is not redis://host:port, or several of them separated by commas for a cluster',
)

const partsOf = (value: string) => value.split(/\s*,\s*/).flatMap((part) => part.trim() || [])

export const secrets = z.string().transform((value, context) => {
  const parts = partsOf(value)
  if (parts.length === 0) context.addIssue('holds no secret')
  return parts
})

export const hosts = z.string().transform((value, context) => {
  const parts = partsOf(value.toLowerCase())
  for (const part of parts) {
    if (!/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/.test(part)) {
      context.addIssue(`names "${part}", which is not a host such as crm.example or *.crm.example`)
    }
  }
  return parts
})

export const keys = z.string().transform((value, context) =>
  value.split(',').map((part) => {
    const [version = '', encoded = ''] = part.trim().split(':')
    const key = Buffer.from(encoded, 'base64')
    // Dots separate the parts of what is sealed.
    if (!/^[a-z0-9]{1,16}$/i.test(version) || key.length !== 32) {
      context.addIssue('is not v1:KEY with KEY the base64 of 32 random bytes (openssl rand -base64 32), newest first')
    }
    return { version, key }
  }),
)

/** Of these anybody in the world has an account, and the admin of each tenant gives it any address. */
const MANY_TENANTS = {
  host: /^(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|login\.windows\.net|sts\.windows\.net)$/,
  path: /^\/((common|organizations|consumers|9188040d-6c67-4c5b-b112-36a304b66dad)(\/|$)|$)/i,
}

/** Exact: a token is believed only when it names the same text. Plain http would let anybody on the way be anybody. */
export const issuer = z
  .string()
  .refine((value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol), {
    error: 'is not an address such as https://accounts.google.com',
    abort: true,
  })
  .refine((value) => new URL(value).protocol === 'https:' || isLoopback(new URL(value).hostname), {
    error: 'does not begin with https://, which only an issuer on this machine may leave out',
    abort: true,
  })
  .refine((value) => {
    const { username, password, search, hash } = new URL(value)
    return username === '' && password === '' && search === '' && hash === ''
  }, 'holds more than an address: leave out user, password and everything after "?" or "#"')
  .refine((value) => !new URL(value).pathname.includes('/.well-known/'), {
    error: 'is the address of the configuration: leave out /.well-known/openid-configuration',
  })
  .refine(
    (value) => {
      const url = new URL(value)
      return !(MANY_TENANTS.host.test(url.hostname) && MANY_TENANTS.path.test(url.pathname))
    },
    {
      error:
        'lets in accounts of every company: write https://login.microsoftonline.com/TENANT-ID/v2.0 with the id of your own tenant',
    },
  )

/** Options of the mail library in a query would be taken over unread, also those that give up TLS. */
export const smtpUrl = z
  .string()
  .refine((value) => URL.canParse(value) && ['smtp:', 'smtps:'].includes(new URL(value).protocol), {
    error: 'is not smtps://USER:PASSWORD@HOST:PORT or smtp://HOST:PORT',
    abort: true,
  })
  .refine((value) => {
    const { hostname, pathname, search, hash } = new URL(value)
    return hostname !== '' && ['', '/'].includes(pathname) && search === '' && hash === ''
  }, 'holds more than user, password, host and port: leave out what follows them')

export const mailAddress = z
  .string()
  .regex(
    /^([^\s@<>",;]+@[^\s@<>",;]+|[^<>@"\r\n]+ <[^\s@<>",;]+@[^\s@<>",;]+>)$/,
    'is not one address such as lanekeeper@acme.com or Lanekeeper <lanekeeper@acme.com>',
  )
