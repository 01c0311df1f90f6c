/** One element of a Salesforce error: `errorCode` for a request, `statusCode` for a row of Collections. */
export type SaidError = {
  readonly code: string | null
  readonly message: string | null
  readonly fields: readonly string[]
}

/**
 * What Salesforce says of a refusal, in its own words. A duplicate rule is named with it, because its message is the
 * admin's own text and the same for every rule; the matched records are not, so that one rule is one cause for all
 * records that it stops. The key is spelled `duplicateResut` in older versions and `duplicateResult` in newer ones.
 */
export function readError(raw: unknown): SaidError {
  const said = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  const code = said.errorCode ?? said.statusCode
  const duplicate = said.duplicateResut ?? said.duplicateResult
  const rule =
    typeof duplicate === 'object' && duplicate !== null && 'duplicateRule' in duplicate
      ? String(duplicate.duplicateRule).slice(0, 100)
      : null
  const message = typeof said.message === 'string' ? said.message : null
  return {
    code: typeof code === 'string' ? code : null,
    message: rule === null ? message : `${message ?? 'a duplicate was found'} (duplicate rule ${rule})`,
    fields: Array.isArray(said.fields) ? said.fields.map(String) : [],
  }
}
