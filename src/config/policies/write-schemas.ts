import { z } from 'zod'
import { CalendarDocument } from '../company/calendar-document.ts'
import { TerritoriesDocument } from '../company/company-documents.ts'
import { MarksDocument } from '../company/marks-document.ts'
import { PeopleDocument } from '../company/people-document.ts'
import { ReadingsDocument } from '../company/readings-document.ts'
import { policyDocument } from './policy-document.ts'

/** JSON Schema for editors, by file name. What zod alone can say; the loader checks more than a schema can. */
export function editorSchemas(): Map<string, string> {
  const documents = {
    workflow: policyDocument(),
    territories: TerritoriesDocument,
    calendar: CalendarDocument,
    readings: ReadingsDocument,
    people: PeopleDocument,
    marks: MarksDocument,
  }
  const schemas = new Map<string, string>()
  for (const [name, document] of Object.entries(documents)) {
    const schema = z.toJSONSchema(document, { io: 'input' })
    schemas.set(`${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`)
  }
  return schemas
}
