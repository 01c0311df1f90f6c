import { z } from 'zod'

/** Pasted values often bring a line break along. */
export const pasted = (message: string, max = 4_000) =>
  z.string(message).trim().min(1, message).max(max, `Too long: at most ${max} characters.`)

/** An empty input means that it was not given. */
export const optionalPasted = (message: string) =>
  z
    .string(message)
    .trim()
    .max(4_000, message)
    .transform((text) => (text === '' ? null : text))
    .nullable()
    .default(null)

export const enteredAddress = (message: string) =>
  z
    .string(message)
    .trim()
    .max(300, message)
    .transform((text) => text.replace(/\/+$/, ''))
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), message)

/** The connection that is to be connected again; null for a new one. */
export const connectAgain = z.string().max(200).nullable().default(null)
