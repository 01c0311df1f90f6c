/** One error as Salesforce writes it: `errorCode` for a request, `statusCode` for a row of Collections. */
export type VendorError = {
  readonly code: string | null
  readonly message: string | null
  readonly fields: readonly string[]
}

/**
 * Reads one error of an answer. The name of a duplicate rule is added to its message, because the message is the admin's
 * own text and the same for every rule. The matched records are left out, so one rule is one cause for every record that
 * it stops. Older API versions spell the key `duplicateResut`, newer ones `duplicateResult`.
 */
export function readVendorError(raw: unknown): VendorError {
  const error = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  const code = error.errorCode ?? error.statusCode
  const duplicate = error.duplicateResut ?? error.duplicateResult
  const rule =
    typeof duplicate === 'object' && duplicate !== null && 'duplicateRule' in duplicate
      ? String(duplicate.duplicateRule).slice(0, 100)
      : null
  const message = typeof error.message === 'string' ? error.message : null
  return {
    code: typeof code === 'string' ? code : null,
    message: rule === null ? message : `${message ?? 'a duplicate was found'} (duplicate rule ${rule})`,
    fields: Array.isArray(error.fields) ? error.fields.map(String) : [],
  }
}
