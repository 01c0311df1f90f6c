/** Postgres stores neither U+0000 nor half a surrogate pair; both come only from broken or hostile senders. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD')
}
