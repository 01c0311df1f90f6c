import { type ObjectTypeName, typeNamed } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { type PropertyDefinition, type PropertyType, retyped } from '../portal/property-definition.ts'

const TYPES: readonly PropertyType[] = ['bool', 'date', 'datetime', 'enumeration', 'number', 'phone_number', 'string']

/** A property before an admin changed it. `name` is its present name. */
type Original = { readonly property: PropertyDefinition; name: string }

type Body = Readonly<Record<string, unknown>>

/**
 * Changes that an admin makes to properties while apps are connected. Removing archives a property: its values stay
 * with the records, unreadable, until it is restored.
 */
export class SchemaChanges {
  readonly #portal: Portal
  readonly #originals = new Map<string, Original>()

  constructor(portal: Portal) {
    this.#portal = portal
  }

  apply(body: Body): PropertyDefinition {
    const { catalog } = this.#portal
    const type = typeNamed(body.objectType)
    const name = String(body.name)
    if (body.op === 'restore') return this.#restore(type, name, body)
    const property = catalog.find(type, name)
    if (property === undefined) throw new Error(`${type} have no property "${name}"`)
    switch (body.op) {
      case 'remove':
        return this.#put(type, property, { ...property, archived: true })
      case 'rename': {
        const to = String(body.to)
        if (!/^[a-z][a-z0-9_]*$/.test(to) || catalog.find(type, to) !== undefined) {
          throw new Error(`"${name}" cannot be called "${to}"`)
        }
        return this.#put(type, property, { ...property, name: to })
      }
      case 'retype': {
        const kind = TYPES.find((known) => known === body.type)
        if (kind === undefined) throw new Error(`A property can become ${TYPES.join(', ')}, not "${String(body.type)}"`)
        return this.#put(type, property, retyped(property, kind, listOf(body.options)))
      }
      case 'remove-option': {
        const options = property.options.filter((option) => option.value !== body.option)
        if (options.length === property.options.length)
          throw new Error(`"${name}" has no option "${String(body.option)}"`)
        return this.#put(type, property, { ...property, options })
      }
      default:
        throw new Error(`There is no schema change "${String(body.op)}"`)
    }
  }

  /** `name` is the property's original name. With `option`, restores only that option. */
  #restore(type: ObjectTypeName, name: string, body: Body): PropertyDefinition {
    const original = this.#originals.get(`${type}/${name}`)
    const present = original && this.#portal.catalog.findEvenArchived(type, original.name)
    if (original === undefined || present === undefined) throw new Error(`"${name}" of ${type} was never changed`)
    if (typeof body.option === 'string') {
      const kept = new Set([...present.options.map((option) => option.value), body.option])
      const options = original.property.options.filter((option) => kept.has(option.value))
      return this.#put(type, present, { ...present, options })
    }
    const restored = this.#put(type, present, original.property)
    this.#originals.delete(`${type}/${name}`)
    return restored
  }

  #put(type: ObjectTypeName, before: PropertyDefinition, after: PropertyDefinition): PropertyDefinition {
    const known = [...this.#originals].find(([key, { name }]) => key.startsWith(`${type}/`) && name === before.name)
    if (known === undefined) this.#originals.set(`${type}/${before.name}`, { property: before, name: after.name })
    else known[1].name = after.name
    this.#portal.replaceProperty(type, before.name, after)
    return after
  }
}

function listOf(options: unknown): readonly string[] {
  return Array.isArray(options) ? options.map(String) : []
}
