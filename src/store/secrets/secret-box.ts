import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Where a secret is stored. Bound to the ciphertext, so that one cannot be moved to another row and opened there. */
export type SecretPlace = {
  readonly connectionId: string
  readonly table: string
  readonly row: string
  readonly column: string
}

export type SecretKey = { readonly version: string; readonly key: Buffer }

export type SecretBox = {
  seal(place: SecretPlace, secret: string): Buffer
  /** Throws `SecretUnreadableError`, never returns something else. */
  open(place: SecretPlace, sealed: Uint8Array): string
  /** True when it was sealed with an older key and should be sealed again. */
  isOutdated(sealed: Uint8Array): boolean
}

export class SecretUnreadableError extends Error {
  override readonly name = 'SecretUnreadableError'
  readonly code: 'SECRET_KEY_MISSING' | 'SECRET_TAMPERED'
  constructor(code: 'SECRET_KEY_MISSING' | 'SECRET_TAMPERED', message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

const KEY_BYTES = 32
const IV_BYTES = 12

/** Newest first. Asked at every use, so that a key which is added while we run is known from then on. */
export type KeySource = () => readonly SecretKey[]

/** AES-256-GCM under a key derived per connection. Keys newest first: the first seals, all of them open. */
export function createSecretBox(source: readonly SecretKey[] | KeySource): SecretBox {
  const keysNow = typeof source === 'function' ? source : () => source
  checked(keysNow())
  return {
    seal(place, secret) {
      const { current } = checked(keysNow())
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', derive(current.key, place), iv)
      cipher.setAAD(boundTo(place, current.version))
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return Buffer.from([current.version, ...[iv, cipher.getAuthTag(), sealed].map(base64url)].join('.'), 'latin1')
    },
    open(place, sealed) {
      const [version = '', iv, tag, text, ...rest] = Buffer.from(sealed).toString('latin1').split('.')
      if (iv === undefined || tag === undefined || text === undefined || rest.length > 0) throw tampered(place)
      const { keys } = checked(keysNow())
      const key = keys.find((known) => known.version === version)?.key
      if (!key) {
        throw new SecretUnreadableError(
          'SECRET_KEY_MISSING',
          `Cannot open ${nameOf(place)}: it was sealed with key "${version}", which is not among the keys ` +
            `${keys.map((known) => `"${known.version}"`).join(', ')}. Add it to LANEKEEPER_KEYS, or connect the CRM again`,
        )
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', derive(key, place), Buffer.from(iv, 'base64url'), {
          authTagLength: 16,
        })
        decipher.setAAD(boundTo(place, version))
        decipher.setAuthTag(Buffer.from(tag, 'base64url'))
        return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw tampered(place, cause)
      }
    },
    isOutdated: (sealed) => keyVersionOf(sealed) !== checked(keysNow()).current.version,
  }
}

/** Which key something was sealed with. */
export function keyVersionOf(sealed: Uint8Array): string {
  return Buffer.from(sealed).toString('latin1').split('.', 1)[0] ?? ''
}

function checked(keys: readonly SecretKey[]): { readonly current: SecretKey; readonly keys: readonly SecretKey[] } {
  const current = keys[0]
  if (!current) throw new Error('No key to keep secrets with: set LANEKEEPER_KEYS, or leave it unset for a key file')
  for (const { version, key } of keys) {
    if (key.length !== KEY_BYTES) throw new Error(`Key "${version}" has ${key.length} bytes; 32 are needed`)
  }
  return { current, keys }
}

function derive(key: Buffer, place: SecretPlace): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `lanekeeper/connection/${place.connectionId}`, KEY_BYTES))
}

/** As JSON, so that no two places spell the same. */
function boundTo(place: SecretPlace, version: string): Buffer {
  return Buffer.from(JSON.stringify([place.table, place.connectionId, place.row, place.column, version]), 'utf8')
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url')
}

function nameOf(place: SecretPlace): string {
  return `${place.table}.${place.column} of "${place.row}"`
}

function tampered(place: SecretPlace, cause?: unknown): SecretUnreadableError {
  return new SecretUnreadableError(
    'SECRET_TAMPERED',
    `Cannot open ${nameOf(place)}: it was altered, or belongs elsewhere. Connect the CRM again`,
    cause,
  )
}
