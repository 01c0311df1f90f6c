/**
 * changedFields, nulledFields and diffFields arrive as bit sets over the schema's field positions:
 * `0x410000` is a big-endian number whose bit i means field i, `4-0x06` are bits inside the record that is field 4.
 * A lone nested element (`["4-0x02"]`, "only the city was cleared") is ordinary.
 */

export type SchemaField = { readonly name: string; readonly children: readonly string[] }

const PLAIN = /^0x([0-9A-Fa-f]+)$/
const NESTED = /^(\d{1,5})-0x([0-9A-Fa-f]+)$/

/** Names of the set bits: `Description`, `BillingAddress.City`. Names that are already names stay. */
export function bitmapNames(bitmap: readonly string[], fields: readonly SchemaField[]): string[] {
  const names: string[] = []
  for (const element of bitmap) {
    const plain = PLAIN.exec(element)
    const nested = NESTED.exec(element)
    if (plain) {
      for (const at of setBits(plain[1]!)) names.push(nameAt(fields, at, element).name)
    } else if (nested) {
      const parent = nameAt(fields, Number(nested[1]), element)
      for (const at of setBits(nested[2]!)) {
        const child = parent.children[at]
        if (child === undefined) throw new RangeError(`bitmap ${element}: ${parent.name} has no part ${at}`)
        names.push(`${parent.name}.${child}`)
      }
    } else if (element.length > 0) names.push(element)
  }
  return names
}

function nameAt(fields: readonly SchemaField[], at: number, element: string): SchemaField {
  const field = fields[at]
  // Positions of another schema version would name the wrong fields; better no event than a wrong one.
  if (field === undefined) throw new RangeError(`bitmap ${element}: the schema has no field ${at}`)
  return field
}

function setBits(hex: string): number[] {
  const bits: number[] = []
  for (let digit = 0; digit < hex.length; digit++) {
    const nibble = Number.parseInt(hex[hex.length - 1 - digit]!, 16)
    for (let bit = 0; bit < 4; bit++) if (nibble & (1 << bit)) bits.push(digit * 4 + bit)
  }
  return bits
}
