/** An answer in the vendor's error shape: `[{message, errorCode, fields?}]` with its HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly errorCode: string
  readonly fields: readonly string[] | null
  /** Other members of the element, such as `duplicateResult`. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    errorCode: string,
    message: string,
    fields: readonly string[] | null = null,
    extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.status = status
    this.errorCode = errorCode
    this.fields = fields
    this.extra = extra
  }

  /** Single-record answers call it `errorCode`. */
  toBody(): object[] {
    const fields = this.fields ? { fields: this.fields } : {}
    return [{ ...this.extra, message: this.message, errorCode: this.errorCode, ...fields }]
  }

  /** Rows of the Collections resources call it `statusCode`. */
  toRow(): object {
    return { ...this.extra, statusCode: this.errorCode, message: this.message, fields: this.fields ?? [] }
  }
}

export function notFound(message = 'The requested resource does not exist'): ApiError {
  return new ApiError(404, 'NOT_FOUND', message)
}

/** The record exists, and is not shared with the caller. */
export function noAccess(): ApiError {
  const message = 'insufficient access rights on cross-reference id'
  return new ApiError(400, 'INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY', message, [])
}
