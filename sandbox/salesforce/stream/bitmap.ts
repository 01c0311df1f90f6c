/**
 * How change events name fields: bit i of a big-endian set stands for field i of the schema, counted from the right;
 * fields inside a compound record come as `<position of the compound>-0x...`. Capitals only.
 */
export type TouchedField = { readonly index: number; readonly part: number | null }

export function encodeBitmap(touched: readonly TouchedField[]): string[] {
  let plain = 0n
  const nested = new Map<number, bigint>()
  for (const { index, part } of touched) {
    if (part === null) plain |= 1n << BigInt(index)
    else nested.set(index, (nested.get(index) ?? 0n) | (1n << BigInt(part)))
  }
  const bitmap: string[] = []
  if (plain !== 0n) bitmap.push(hex(plain))
  for (const [index, bits] of [...nested].sort(([a], [b]) => a - b)) bitmap.push(`${index}-${hex(bits)}`)
  return bitmap
}

/** Whole bytes, as in the vendor's samples: `0x010000`. */
function hex(bits: bigint): string {
  const digits = bits.toString(16).toUpperCase()
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`
}
