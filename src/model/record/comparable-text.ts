const NOT_ASCII = /[^ -~]/

/** The one form in which policies and values are compared: outer space, width and case do not count. */
export function comparableText(text: string): string {
  const plain = NOT_ASCII.test(text) ? text.normalize('NFKC') : text
  return plain.trim().toLowerCase()
}
