import { z } from 'zod'

/** Fields of HubSpot's small answers. Long lists of records are read by `json-value.ts`, which costs less per record. */
export const Id = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(String)

export const OptionalId = Id.nullable().catch(null)

/** Empty where HubSpot sends none. */
export const OptionalText = z.string().catch('')

const TEXTS_MAX = 500

export const Texts = z
  .array(z.unknown())
  .catch([])
  .transform((items) => items.filter((item) => typeof item === 'string').slice(0, TEXTS_MAX))
