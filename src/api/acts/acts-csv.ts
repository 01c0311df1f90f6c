import type { ActEntry } from './acts-types.ts'

const COLUMNS = ['Time (UTC)', 'Who', 'Kind of who', 'Id', 'What', 'About', 'Details', 'Ledger entry'] as const

export function csvHeader(): string {
  return line(COLUMNS)
}

export function csvLine({ at, by, title, about, details, seq }: ActEntry): string {
  return line([at, by.name, by.kind, by.id ?? '', title, about, details ?? 'erased for privacy', seq])
}

function line(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/** Quoted always. What a spreadsheet would take for a formula gets an apostrophe: names come from outside. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${harmless.replaceAll('"', '""')}"`
}
