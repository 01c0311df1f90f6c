/** An element that web pages and rich-text fields put around text. Not `<jane@acme.de>`. */
const TAG = /<\/?(?:a|p|b|i|u|br|div|span|strong|em|font|small|li|ul|ol|h[1-6]|table|tbody|tr|td)(?:\s[^<>]*)?\/?>/gi
const HTML_LINK = /<a\s[^<>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))[^<>]*>([\s\S]*?)<\/a\s*>/gi
/** The target may stand in angle brackets and have a title behind it. */
const MARKDOWN_LINK = /\[([^[\]]*)\]\(\s*<?([^\s()<>]+)>?(?:\s+["'][^"']*["'])?\s*\)/g
const ENTITY = /&(?:lt|gt|amp|quot|apos|nbsp|commat|period|#\d{1,4}|#x[\da-f]{1,4});/gi
const MARKED_UP = /<\/?[a-z][^<>@]*>|<a\s|\]\(|&(?:[a-z]{2,6}|#x?[\da-f]{1,4});/i

const NAMED: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  commat: '@',
  period: '.',
}

/**
 * The text without HTML and Markdown. A link is what it leads to or shows; nothing where those are two different things, of
 * which nobody knows the right one. `addressesIn` says which addresses a part holds, in the form in which they are compared.
 */
export function withoutMarkup(text: string, addressesIn: (part: string) => readonly string[]): string {
  if (!MARKED_UP.test(text)) return text
  const addressed = (shown: string, target: string) => ` ${agreed(shown.replace(TAG, ' '), target, addressesIn)} `
  return decoded(text)
    .replace(HTML_LINK, (_, inDouble = '', inSingle = '', bare = '', shown = '') =>
      addressed(shown, inDouble || inSingle || bare),
    )
    .replace(MARKDOWN_LINK, (_, shown: string, target: string) => addressed(shown, target))
    .replace(TAG, ' ')
    .trim()
}

/** Twice, because `&amp;lt;` was encoded twice. */
function decoded(text: string): string {
  return text.replace(ENTITY, character).replace(ENTITY, character)
}

function character(entity: string): string {
  const name = entity.slice(1, -1).toLowerCase()
  if (!name.startsWith('#')) return NAMED[name]!
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  // Half of a pair is no character, and no database stores it.
  return String.fromCharCode(code).replace(/\p{Cs}/u, ' ')
}

function agreed(shown: string, target: string, addressesIn: (part: string) => readonly string[]): string {
  const [ofShown, ofTarget] = [addressesIn(shown), addressesIn(target)]
  if (ofTarget.length === 0) return shown
  if (ofShown.length === 0) return target
  return ofShown.every((one) => ofTarget.some((other) => areOne(one, other))) ? target : ''
}

/** `acme.de` and `shop.acme.de` agree; two e-mails are one or two people. */
function areOne(one: string, other: string): boolean {
  const isIn = (inner: string, outer: string) => !outer.includes('@') && inner.endsWith(`.${outer}`)
  return one === other || isIn(one, other) || isIn(other, one)
}
