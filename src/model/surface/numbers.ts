/** "1,234". */
export function n(count: number): string {
  return count.toLocaleString('en-US')
}

/** "1 record", "1,234 records". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${n(count)} ${count === 1 ? one : many}`
}

/** One decimal below ten, whole per cent above. Less than a tenth is said as such, because zero would be wrong. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %'
  if (part === whole) return '100 %'
  const share = (part / whole) * 100
  if (share < 0.1) return 'under 0.1 %'
  if (share < 10) return `${(Math.floor(share * 10) / 10).toFixed(1)} %`
  // Rounded up, 99.6 would claim that nothing is left.
  return `${Math.min(99, Math.round(share))} %`
}
