import { z } from 'zod'

const known: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

/** A code of ISO 4217 that is in use or was. */
export const Currency = z.string({ error: 'must be a code of ISO 4217 like EUR' }).superRefine((code, context) => {
  if (known.has(code)) return
  const upper = code.trim().toUpperCase()
  const remedy = known.has(upper) ? `write ${upper}` : 'write a code of ISO 4217 like EUR'
  context.addIssue({ code: 'custom', message: `"${code}" is no currency; ${remedy}` })
})
