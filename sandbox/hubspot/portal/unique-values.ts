import { ApiError, invalid } from './api-error.ts'
import { type ObjectTypeName, objectType } from './object-type.ts'
import type { PropertyCatalog } from './property-catalog.ts'
import { type StoredRecord, wireValue } from './stored-record.ts'
import type { Written } from './write-validation.ts'

/** The record that holds each value of a unique property. Values compare case-insensitively. */
export class UniqueValues {
  readonly #catalog: PropertyCatalog
  readonly #holders = new Map<string, string>()

  constructor(catalog: PropertyCatalog) {
    this.#catalog = catalog
  }

  properties(type: ObjectTypeName): string[] {
    return [...objectType(type).uniqueProperties, ...this.#catalog.uniqueNames(type)]
  }

  holder(type: ObjectTypeName, property: string, value: string): string | undefined {
    return this.#holders.get(keyOf(type, property, value))
  }

  /** Throws HubSpot's refusal if a record other than `ownId` has one of the values. */
  check(type: ObjectTypeName, written: Written, ownId: string | null): void {
    for (const name of this.properties(type)) {
      const value = written[name]
      if (!value) continue
      const holder = this.holder(type, name, value)
      if (holder === undefined || holder === ownId) continue
      if (type === 'contacts' && name === 'email') {
        throw new ApiError(409, 'CONFLICT', `Contact already exists. Existing ID: ${holder}`)
      }
      throw invalid(`Property values were not valid`, [
        {
          message: `propertyName "${name}" already has the value "${value}" on record ${holder}`,
          code: 'CONFLICTING_UNIQUE_VALUE',
          context: { propertyName: [name] },
        },
      ])
    }
  }

  /** Only live records hold values. If two records have the same value from the seed, the first holds it. */
  add(record: StoredRecord): void {
    if (record.gone || record.archivedAtMs !== null) return
    for (const key of this.#keysOf(record)) if (!this.#holders.has(key)) this.#holders.set(key, record.id)
  }

  drop(record: StoredRecord): void {
    for (const key of this.#keysOf(record)) if (this.#holders.get(key) === record.id) this.#holders.delete(key)
  }

  *#keysOf(record: StoredRecord): Generator<string> {
    for (const name of this.properties(record.type)) {
      const value = wireValue(record, name)
      if (value !== undefined) yield keyOf(record.type, name, value)
    }
  }
}

function keyOf(type: ObjectTypeName, property: string, value: string): string {
  return `${type}\n${property}\n${value.toLowerCase()}`
}
