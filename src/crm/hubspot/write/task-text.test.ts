import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bodyHtml, shortKeyOf, subjectText } from './task-text.ts'

describe('the text of a task', () => {
  it('cuts a subject to 255 characters and keeps its short key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.boolean(), (subject, keyed) => {
        const shortKey = keyed ? shortKeyOf('k') : null
        const text = subjectText(subject, shortKey)
        assert.ok(text.length <= 255 && text.isWellFormed())
        if (shortKey !== null) assert.ok(text.endsWith(` [${shortKey}]`))
      }),
    )
  })

  it('never cuts a character in half', () => {
    assert.equal(subjectText(`${'a'.repeat(253)}😀b`, null), `${'a'.repeat(253)}…`)
  })

  it('shows a body as paragraphs with lines and links, and escapes HTML', () => {
    assert.equal(
      bodyHtml('Why: <b>"R&D"</b>\nnow\n\n\nSee https://lane.example/cases/1?a=1&b=2.'),
      '<p>Why: &lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;<br>now</p>' +
        '<p>See <a href="https://lane.example/cases/1?a=1&amp;b=2">https://lane.example/cases/1?a=1&amp;b=2</a>.</p>',
    )
  })

  it('of any body holds only our own tags', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (body) => {
        const rest = bodyHtml(body).replace(/<\/?p>|<br>|<a href="https?:[^"<>]*">|<\/a>/g, '')
        assert.doesNotMatch(rest, /[<>]/)
      }),
    )
  })
})
