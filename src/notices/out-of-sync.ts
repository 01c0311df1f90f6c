import type { Crm } from '../model/record/change-event.ts'
import { objectShape } from '../model/record/object-shape.ts'

/** `3 records are out of sync with Brightwater: 2 contacts, 1 company.` */
export function outOfSync(
  { crm, title }: { readonly crm: Crm; readonly title: string },
  counts: readonly { readonly objectType: string; readonly n: number }[],
): string {
  const perObject = new Map<string, number>()
  for (const { objectType, n } of counts) perObject.set(objectType, (perObject.get(objectType) ?? 0) + n)
  const total = [...perObject.values()].reduce((sum, n) => sum + n, 0)
  const listed = [...perObject].map(([objectType, n]) => nouns(crm, objectType, n)).join(', ')
  const records = total === 1 ? '1 record is' : `${total} records are`
  return `${records} out of sync with ${title}: ${listed}.`
}

function nouns(crm: Crm, objectType: string, n: number): string {
  const noun = objectShape(crm, objectType)?.noun ?? objectType
  if (n === 1) return `1 ${noun}`
  return `${n} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}
