/** Text that is HTML already. Everything else is escaped when inserted. */
class Html {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}

export type HtmlPart = Html | string | number | null | undefined | readonly HtmlPart[]

export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(strings.reduce((text, piece, at) => text + render(parts[at - 1]) + piece))
}

function render(part: HtmlPart): string {
  if (part === null || part === undefined) return ''
  if (part instanceof Html) return part.toString()
  if (Array.isArray(part)) return part.map(render).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Marks our own text as HTML. Never use it for text from outside. */
export function trusted(text: string): HtmlPart {
  return new Html(text)
}
