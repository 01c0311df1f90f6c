/** A piece of HTML, as opposed to text that still has to be escaped. */
export class Markup {
  readonly html: string
  constructor(html: string) {
    this.html = html
  }
}

type Piece = string | number | Markup | null | readonly Piece[]

/**
 * A template in which everything is escaped that is not markup itself, so that no value from a CRM can be forgotten.
 * Values stand between tags or within double quotes, nowhere else.
 */
export function html(texts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let out = texts[0]!
  pieces.forEach((piece, index) => {
    out += render(piece) + texts[index + 1]!
  })
  return new Markup(out)
}

function render(piece: Piece): string {
  if (piece === null) return ''
  if (piece instanceof Markup) return piece.html
  if (typeof piece === 'object') return piece.map(render).join('')
  return escapeHtml(String(piece))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Control characters are not allowed in HTML. Marks that turn the direction of text round would let a name rearrange
 * the sentence beside it.
 */
function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (mark) => (/[\n\t]/.test(mark) ? mark : '\ufffd'))
    .replace(/[&<>"']/g, (mark) => ENTITIES[mark]!)
    .toWellFormed()
}
