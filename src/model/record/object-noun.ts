import type { Crm } from './change-event.ts'
import { objectShape } from './object-shape.ts'

/** One record of the object, for sentences: "lead". An object that we do not watch keeps its own name: "Asset record". */
export function objectNoun(crm: Crm, objectType: string): string {
  return objectShape(crm, objectType)?.noun ?? `${objectType} record`
}

/** Several of them: "leads", "companies". */
export function objectNouns(crm: Crm, objectType: string): string {
  const noun = objectNoun(crm, objectType)
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`
  return /(s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`
}
