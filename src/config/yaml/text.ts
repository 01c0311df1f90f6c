import { z } from 'zod'

/** Something that a person reads. */
export const Text = z.string().trim().min(1, { error: 'must not be blank' })
