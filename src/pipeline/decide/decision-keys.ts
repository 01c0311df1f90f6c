export function caseKey({
  workflow,
  pattern,
  subject,
}: {
  workflow: string
  pattern: string
  subject: string
}): string {
  return `${workflow}\n${pattern}\n${subject}`
}

/** One workflow's write to one record. */
export function writeKey(workflow: string, record: { readonly objectType: string; readonly recordId: string }): string {
  return `${workflow}\n${record.objectType}/${record.recordId}`
}
