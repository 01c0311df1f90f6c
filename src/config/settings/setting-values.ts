import { z } from 'zod'

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
