import { idOf, resultsOf } from '../http/json-value.ts'
import type { WriteContext } from './write-context.ts'

type About = { readonly about: { readonly objectType: string; readonly recordId: string } | null }

const READ_MAX = 100

/** `object/record` of those that HubSpot does not have, read by id. Throws where it cannot be read. */
export async function goneRecords(
  { http, paths }: Pick<WriteContext, 'http' | 'paths'>,
  items: readonly About[],
): Promise<ReadonlySet<string>> {
  const byType = new Map<string, Set<string>>()
  for (const { about } of items) {
    if (about === null) continue
    byType.set(about.objectType, (byType.get(about.objectType) ?? new Set()).add(about.recordId))
  }
  const gone = new Set<string>()
  for (const [objectType, ids] of byType) {
    const all = [...ids]
    for (let from = 0; from < all.length; from += READ_MAX) {
      const some = all.slice(from, from + READ_MAX)
      const { body } = await http({
        kind: 'read',
        method: 'POST',
        path: `${paths.objects(objectType)}/batch/read`,
        body: { inputs: some.map((id) => ({ id })), properties: [] },
        attempt: `read ${objectType}`,
      })
      const there = new Set(resultsOf(body, `read ${objectType}`).map((record) => idOf(record.id)))
      for (const id of some) if (!there.has(id)) gone.add(`${objectType}/${id}`)
    }
  }
  return gone
}
