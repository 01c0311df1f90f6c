import { ApiError, invalid } from './api-error.ts'
import { OBJECT_TYPES, type ObjectTypeName, objectType } from './object-type.ts'
import {
  customProperty,
  type PropertyDefinition,
  type PropertyType,
  standardProperties,
} from './property-definition.ts'

/** HubSpot's limit per object. */
const UNIQUE_PROPERTIES_MAX = 10
const TYPES: readonly PropertyType[] = ['bool', 'date', 'datetime', 'enumeration', 'number', 'phone_number', 'string']

/** The property definitions of one portal. */
export class PropertyCatalog {
  readonly #byType = new Map<ObjectTypeName, Map<string, PropertyDefinition>>()
  readonly #groups = new Map<ObjectTypeName, Map<string, string>>()
  /** Cached because every write needs it; cleared when a property is created or archived. */
  readonly #unique = new Map<ObjectTypeName, readonly string[]>()

  constructor() {
    for (const { name, defaultGroup } of OBJECT_TYPES) {
      this.#byType.set(name, new Map(standardProperties(name).map((property) => [property.name, property])))
      this.#groups.set(name, new Map([[defaultGroup, defaultGroup]]))
    }
  }

  find(type: ObjectTypeName, name: string): PropertyDefinition | undefined {
    const property = this.#byType.get(type)!.get(name)
    return property?.archived ? undefined : property
  }

  findEvenArchived(type: ObjectTypeName, name: string): PropertyDefinition | undefined {
    return this.#byType.get(type)!.get(name)
  }

  /** Replaces a definition, perhaps under another name, at the same place in the list. */
  replace(type: ObjectTypeName, name: string, by: PropertyDefinition): void {
    const entries = [...this.#byType.get(type)!].map(([key, old]) =>
      key === name ? ([by.name, by] as const) : ([key, old] as const),
    )
    this.#byType.set(type, new Map(entries))
    this.#unique.delete(type)
  }

  list(type: ObjectTypeName, archived = false): PropertyDefinition[] {
    return [...this.#byType.get(type)!.values()].filter((property) => property.archived === archived)
  }

  groups(type: ObjectTypeName): { name: string; label: string }[] {
    return [...this.#groups.get(type)!].map(([name, label]) => ({ name, label }))
  }

  addGroup(type: ObjectTypeName, name: string, label: string): void {
    this.#groups.get(type)!.set(name, label)
  }

  uniqueNames(type: ObjectTypeName): readonly string[] {
    let names = this.#unique.get(type)
    if (names === undefined) {
      names = this.list(type)
        .filter((property) => property.hasUniqueValue)
        .map((property) => property.name)
      this.#unique.set(type, names)
    }
    return names
  }

  /** Creates a custom property that only the seed data uses. */
  ensure(type: ObjectTypeName, name: string): void {
    if (this.find(type, name) !== undefined) return
    this.#byType.get(type)!.set(name, customProperty(objectType(type).defaultGroup, { name }))
  }

  create(type: ObjectTypeName, input: Record<string, unknown>, allowUnique: boolean): PropertyDefinition {
    const name = input.name
    for (const field of ['name', 'label', 'type', 'fieldType', 'groupName']) {
      if (typeof input[field] !== 'string' || input[field] === '') {
        throw invalid(`Invalid input JSON: Some required fields were not set: [${field}]`)
      }
    }
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_]*$/.test(name)) throw invalid(`Invalid property name: ${name}`)
    if (!TYPES.includes(input.type as PropertyType)) throw invalid(`Invalid property type: ${String(input.type)}`)
    if (!this.#groups.get(type)!.has(String(input.groupName))) {
      throw invalid(`Property group "${String(input.groupName)}" does not exist`)
    }
    const existing = this.#byType.get(type)!.get(name)
    if (existing !== undefined && !existing.archived) {
      throw new ApiError(409, 'OBJECT_ALREADY_EXISTS', `Property with name "${name}" already exists.`, {
        subCategory: 'Properties.PROPERTY_WITH_NAME_EXISTS',
      })
    }
    const hasUniqueValue = input.hasUniqueValue === true
    if (hasUniqueValue && !allowUnique) throw invalid(`Unique properties are not supported for ${type}`)
    if (hasUniqueValue && this.uniqueNames(type).length >= UNIQUE_PROPERTIES_MAX) {
      throw invalid(`An object can have at most ${UNIQUE_PROPERTIES_MAX} unique properties`)
    }
    const property = customProperty(String(input.groupName), {
      name,
      label: String(input.label),
      type: input.type as PropertyType,
      fieldType: String(input.fieldType),
      description: typeof input.description === 'string' ? input.description : '',
      options: Array.isArray(input.options)
        ? input.options.map((option) => ({ label: String(option.label), value: String(option.value) }))
        : [],
      hasUniqueValue,
      hidden: input.hidden === true,
      formField: input.formField === true,
    })
    this.#byType.get(type)!.set(name, property)
    this.#unique.delete(type)
    return property
  }

  /** `hasUniqueValue` and `type` cannot change. */
  update(type: ObjectTypeName, name: string, input: Record<string, unknown>): PropertyDefinition | undefined {
    const property = this.find(type, name)
    if (property === undefined) return undefined
    const updated: PropertyDefinition = {
      ...property,
      ...(typeof input.label === 'string' ? { label: input.label } : {}),
      ...(typeof input.description === 'string' ? { description: input.description } : {}),
      ...(typeof input.hidden === 'boolean' ? { hidden: input.hidden } : {}),
    }
    this.#byType.get(type)!.set(name, updated)
    return updated
  }

  archive(type: ObjectTypeName, name: string): void {
    const property = this.find(type, name)
    if (property === undefined) return
    if (property.hubspotDefined) throw invalid(`Property "${name}" is defined by HubSpot and cannot be archived`)
    this.#byType.get(type)!.set(name, { ...property, archived: true })
    this.#unique.delete(type)
  }
}
