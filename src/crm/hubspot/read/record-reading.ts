import { hiddenAmong } from '../../../model/record/person-form.ts'
import type { ChangedSince } from '../../crm-client.ts'
import { contextTexts, errorDetails } from '../http/error-body.ts'
import { HubSpotRefusal } from '../http/errors.ts'
import { HUBSPOT } from '../profile.ts'
import type { ReadContext } from './read-context.ts'
import type { RecordReading } from './record-event.ts'

type Wanted = Pick<ChangedSince, 'objectType' | 'fields' | 'historyFields'>

// The search body may have 3,000 characters, of which quotes and filters take their part. Wider sets are read by id.
const NAMES_LENGTH_MAX = 1_700
// What names the actor of a creation, and the ids that were merged into a record.
const ALWAYS = ['createdate', 'hs_createdate', 'hs_object_source', 'hs_object_source_id', 'hs_merged_object_ids']

/** The wanted fields that exist in this portal, and the names of those that do not. */
export async function readingOf(
  { connectionId, appId, schemas }: ReadContext,
  wanted: Wanted,
  source: RecordReading['source'],
): Promise<{ readonly reading: RecordReading; readonly unreadable: readonly string[] }> {
  const { objectType, fields, historyFields } = wanted
  const schema = await schemas.of(objectType)
  const exists = (name: string) => schema.fields.has(name)
  const named = [...new Set([...fields, ...historyFields])]
  const unreadable = hiddenAmong(HUBSPOT.objects[objectType], named, schema.fields)
  return {
    reading: {
      connectionId,
      appId,
      objectType,
      schema,
      fields: named.filter(exists),
      absent: named.filter((name) => !exists(name) && !unreadable.includes(name)),
      historyFields: [...new Set(historyFields)].filter(exists),
      source,
    },
    unreadable,
  }
}

/** The properties that one request asks for. */
export function propertiesOf({ schema, fields }: RecordReading): string[] {
  const always = [schema.modifiedField, ...ALWAYS.filter((name) => schema.fields.has(name))]
  return [...new Set([...always, ...fields])]
}

/** More field names than a URL carries safely, or than search takes in its body. */
export function isTooWide(reading: RecordReading): boolean {
  return propertiesOf(reading).join(',').length > NAMES_LENGTH_MAX
}

/** Search brings neither history nor more fields than its body can name; those pages are read by id. */
export function isReadById(reading: RecordReading): boolean {
  return reading.historyFields.length > 0 || isTooWide(reading)
}

/** Runs a read. If HubSpot refuses it because an admin has deleted fields since, runs it once more without them. */
export async function withoutRefusedFields<T>(
  { schemas }: ReadContext,
  reading: RecordReading,
  run: (usable: RecordReading) => Promise<T>,
): Promise<{ readonly found: T; readonly reading: RecordReading; readonly refused: readonly string[] }> {
  try {
    return { found: await run(reading), reading, refused: [] }
  } catch (error) {
    const refused = refusedFields(error).filter((name) => reading.fields.includes(name))
    if (refused.length === 0) throw error
    schemas.forget(reading.objectType)
    const keep = (name: string) => !refused.includes(name)
    const usable = {
      ...reading,
      fields: reading.fields.filter(keep),
      historyFields: reading.historyFields.filter(keep),
    }
    return { found: await run(usable), reading: usable, refused }
  }
}

function refusedFields(error: unknown): string[] {
  if (!(error instanceof HubSpotRefusal)) return []
  return errorDetails(error.body)
    .filter((detail) => detail.code === 'PROPERTY_DOESNT_EXIST')
    .flatMap((detail) => contextTexts(detail.context, 'propertyName'))
}
