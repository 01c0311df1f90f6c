import { randomUUID } from 'node:crypto'

export type ErrorDetail = {
  readonly message: string
  readonly code?: string
  readonly in?: string
  readonly subCategory?: string
  readonly context?: Readonly<Record<string, readonly string[]>>
}

/** A refusal with HubSpot's general error body. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly category: string
  readonly errors: readonly ErrorDetail[]
  readonly subCategory: string | undefined
  readonly context: Readonly<Record<string, readonly string[]>> | undefined

  constructor(
    status: number,
    category: string,
    message: string,
    more: {
      errors?: readonly ErrorDetail[]
      subCategory?: string
      context?: Readonly<Record<string, readonly string[]>>
    } = {},
  ) {
    super(message)
    this.status = status
    this.category = category
    this.errors = more.errors ?? []
    this.subCategory = more.subCategory
    this.context = more.context
  }

  body(): Record<string, unknown> {
    return {
      status: 'error',
      message: this.message,
      correlationId: randomUUID(),
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
      ...(this.context === undefined ? {} : { context: this.context }),
      category: this.category,
      ...(this.subCategory === undefined ? {} : { subCategory: this.subCategory }),
    }
  }

  /** The same refusal as one entry of a multi-status answer. */
  asBatchError(extraContext: Readonly<Record<string, readonly string[]>>): Record<string, unknown> {
    return {
      status: 'error',
      category: this.category,
      message: this.message,
      ...(this.subCategory === undefined ? {} : { subCategory: this.subCategory }),
      errors: this.errors,
      context: { ...this.context, ...extraContext },
      links: {},
    }
  }
}

export function notFound(message: string): ApiError {
  return new ApiError(404, 'OBJECT_NOT_FOUND', message)
}

export function invalid(message: string, errors: readonly ErrorDetail[] = []): ApiError {
  return new ApiError(400, 'VALIDATION_ERROR', message, { errors })
}
