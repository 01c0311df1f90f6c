import type { Label } from '../records/world.ts'

/** Equal for two labels of the same defect; `why` does not count. */
export function labelKey(label: Label): string {
  return [label.pattern, label.crm, label.objectType, label.recordId, label.detail].join(' ')
}
