/**
 * What spreadsheets put around digits to keep them, or make of them: `'02139`, `="02139"`, `4155552671.0`. The text without
 * that, and without outer space.
 */
export function withoutSpreadsheet(text: string): string {
  const bare = text
    .trim()
    .replace(/^=?"([^"]*)"$/, '$1')
    .replace(/^[='](?=[+\d(])/, '')
    .trim()
  return bare.replace(/^(\+?\d{4,})\.0$/, '$1')
}
