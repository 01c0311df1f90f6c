/** Far above any policy; a file of this size is another one by mistake. */
const BYTES_MAX = 1_000_000

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly message: string }

/** The text of a configuration file, or what keeps it from being one, with the place. */
export function fileText(bytes: Uint8Array): FileText {
  if (bytes.length > BYTES_MAX) {
    return wrong(`is ${Math.round(bytes.length / 1_000_000)} MB; a file of the configuration has at most 1 MB`)
  }
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isUtf16) return wrong('is saved as UTF-16 ("Unicode"); save it as UTF-8')
  const text = new TextDecoder('utf-8').decode(bytes)
  const invalid = firstInvalid(bytes, text)
  if (invalid !== null) {
    return {
      ...placeOf(invalid),
      message: 'is not UTF-8 from here on, as files of Windows-1252 or Latin-1 are; save it as UTF-8',
    }
  }
  const control = CONTROL.exec(text)
  if (control !== null) {
    const code = `U+${control[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    return {
      ...placeOf(text.slice(0, control.index)),
      message: `has a control character (${code}), which no editor shows; delete it`,
    }
  }
  // An old Macintosh ends lines like this; to YAML the file is one line.
  if (/\r(?!\n)/.test(text)) {
    return {
      ...placeOf(text.slice(0, text.search(/\r(?!\n)/))),
      message: 'ends a line in a way that YAML does not read (CR alone); save it with LF or CRLF',
    }
  }
  return { ok: true, text }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** The text before the first byte that is no UTF-8; null: there is none. */
function firstInvalid(bytes: Uint8Array, text: string): string | null {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return null
  } catch {
    return text.slice(0, Math.max(text.indexOf('\uFFFD'), 0))
  }
}

function placeOf(before: string): { readonly ok: false; readonly line: number; readonly column: number } {
  const lines = before.split(/\r\n|\n|\r/)
  return { ok: false, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

function wrong(message: string): FileText {
  return { ok: false, line: 1, column: 1, message }
}
