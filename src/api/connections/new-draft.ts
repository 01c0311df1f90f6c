import { z } from 'zod'
import type { DraftRequest } from '../../connections/draft/draft.ts'
import { knownAdapters } from '../../crm/registry.ts'

export type NewDraft = Omit<DraftRequest, 'madeBy'>

/** What the console sends to begin a connection: the forms of all CRMs, told apart by the kind of grant. */
export function newDraftSchema(): z.ZodType<NewDraft> {
  const requests = knownAdapters().flatMap(({ profile: { crm }, form }) =>
    form.requests.map((request) => request.transform((entered): NewDraft => ({ crm, ...entered }))),
  )
  // Each is an object with a literal `kind`, read to what was entered: the compiler sees only the latter.
  return z.discriminatedUnion('kind', requests as never) as unknown as z.ZodType<NewDraft>
}
