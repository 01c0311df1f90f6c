import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileText } from './file-text.ts'

const wrong = (bytes: Uint8Array | string) => {
  const read = fileText(Buffer.from(bytes as string))
  return read.ok ? 'read' : `${read.line}:${read.column} ${read.message}`
}

describe('a file of the configuration', () => {
  it('is read as UTF-8, with or without a byte order mark, with LF or CRLF', () => {
    for (const text of ['a: b\n', '\uFEFFa: b\n', 'a: b\r\nc: d\r\n', 'a: "ÄÖÜ 東京 😀"\n', 'a: "\uFFFD"\n', '']) {
      assert.equal(wrong(text), 'read', JSON.stringify(text))
    }
  })

  it('is refused in another encoding, where the first letter stands that is none', () => {
    assert.match(wrong(Buffer.from('\uFEFFa: b', 'utf16le')), /^1:1 is saved as UTF-16/)
    assert.match(wrong(Buffer.from('a: b\nc: Jörg\n', 'latin1')), /^2:5 is not UTF-8 from here on.*save it as UTF-8/)
    assert.match(wrong(Buffer.from([0x61, 0x0a, 0x62, 0xe2, 0x82])), /^2:2 is not UTF-8/)
  })

  it('is refused with control characters, with line ends of CR alone, and when it is far too large', () => {
    assert.match(wrong('a: b\nc: d\0e'), /^2:5 has a control character \(U\+0000\)/)
    assert.match(wrong('a: \x07b'), /U\+0007/)
    assert.match(wrong('a: b\rc: d\r'), /^1:5 ends a line/)
    assert.match(wrong(`# ${'x'.repeat(2_000_000)}`), /is 2 MB/)
  })
})
