import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createSecretBox, type SecretPlace } from './secret-box.ts'

const place: SecretPlace = { connectionId: 'acme-hub', table: 'connection', row: 'acme-hub', column: 'credentials' }
const v1 = { version: 'v1', key: randomBytes(32) }
const v2 = { version: 'v2', key: randomBytes(32) }

describe('a sealed secret', () => {
  it('opens where it was sealed, whatever it holds', () => {
    const box = createSecretBox([v1])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (secret) => box.open(place, box.seal(place, secret)) === secret),
    )
  })

  it('never looks the same twice, and never shows the secret', () => {
    const box = createSecretBox([v1])
    const [one, two] = [box.seal(place, 'token-token-token'), box.seal(place, 'token-token-token')]
    assert.notDeepEqual(one, two)
    assert.ok(!one.includes('token'))
  })

  it('is refused with any one bit changed', () => {
    const box = createSecretBox([v1])
    const sealed = box.seal(place, 'a token')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      // The last character of base64url has bits that decode to nothing, so such a flip may leave the same bytes.
      if (meansTheSame(altered, sealed)) continue
      assert.throws(() => box.open(place, altered), { name: 'SecretUnreadableError' }, `bit ${bit}`)
    }
  })

  it('is refused in any other place', () => {
    const box = createSecretBox([v1])
    const sealed = box.seal(place, 'a token')
    for (const other of [{ row: 'other' }, { connectionId: 'other' }, { column: 'title' }, { table: 'session' }]) {
      assert.throws(() => box.open({ ...place, ...other }, sealed), { code: 'SECRET_TAMPERED' })
    }
  })

  it('opens after a rotation, is then outdated, and needs its old key', () => {
    const sealed = createSecretBox([v1]).seal(place, 'a token')
    const rotated = createSecretBox([v2, v1])
    assert.equal(rotated.open(place, sealed), 'a token')
    assert.equal(rotated.isOutdated(sealed), true)
    const again = rotated.seal(place, 'a token')
    assert.equal(rotated.isOutdated(again), false)
    assert.equal(createSecretBox([v2]).open(place, again), 'a token')
    assert.throws(() => createSecretBox([v2]).open(place, sealed), { code: 'SECRET_KEY_MISSING' })
  })

  it('is refused under another key of the same name', () => {
    const sealed = createSecretBox([v1]).seal(place, 'a token')
    const impostor = createSecretBox([{ version: 'v1', key: randomBytes(32) }])
    assert.throws(() => impostor.open(place, sealed), { code: 'SECRET_TAMPERED' })
  })
})

function meansTheSame(a: Buffer, b: Buffer): boolean {
  const parts = (sealed: Buffer) => {
    const [version, ...rest] = sealed.toString('latin1').split('.')
    return JSON.stringify([version, ...rest.map((part) => Buffer.from(part, 'base64url').toString('hex'))])
  }
  return parts(a) === parts(b)
}
