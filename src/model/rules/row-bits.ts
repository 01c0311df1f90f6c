/** Sets of rows of a table, one bit for each row. */

export function and(into: Int32Array, other: Int32Array): void {
  for (let w = 0; w < into.length; w += 1) into[w]! &= other[w]!
}

export function setBit(bits: Int32Array, n: number): void {
  bits[n >> 5]! |= 1 << (n & 31)
}

export function clearBit(bits: Int32Array, n: number): void {
  bits[n >> 5]! &= ~(1 << (n & 31))
}

export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}

export function hasRow(bits: Int32Array, row: number): boolean {
  return (bits[row >> 5]! & (1 << (row & 31))) !== 0
}

/** The first row in both; -1: none. */
export function firstRowOf(a: Int32Array, b: Int32Array): number {
  for (let w = 0; w < a.length; w += 1) {
    const both = a[w]! & b[w]!
    if (both !== 0) return w * 32 + lowestBit(both)
  }
  return -1
}
