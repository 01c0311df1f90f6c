import type { AccessCheck, AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'

const SIGNS = { works: '✔', missing: '✖', unknown: '?' } as const

/** One check, for a terminal: what works, and for what does not its cost and where to grant it. */
export function checkLines(check: AccessCheck): string[] {
  const lines = [`  ${SIGNS[check.state]} ${plain(check.title)}${noteOf(check)}`]
  if (check.state === 'works') return lines
  lines.push(`      ${plain(check.costs)}`)
  if (check.grant) lines.push(`      ${plain(check.grant)}`)
  if (check.said) lines.push(`      The CRM says: ${plain(check.said)}`)
  return lines
}

function noteOf({ state, need }: AccessCheck): string {
  if (state === 'works') return ''
  const what = state === 'missing' ? 'missing' : 'no usable answer'
  return need === 'required' ? ` (${what}, and nothing works without it)` : ` (${what})`
}

/** Who we are in the CRM. */
export function identityLine({ identity }: AccessFindings): string {
  const parts = [identity.title, identity.edition, identity.actorName && `as ${identity.actorName}`, identity.timeZone]
  return parts
    .filter((part) => part !== null && part !== '')
    .map((part) => plain(String(part)))
    .join(', ')
}

/** What is known besides the checks: limits and our share of them, fields, the task key, slots of the stream. */
export function factLines(
  findings: AccessFindings,
  taskKey: TaskKeySupport | null,
  shares: { readonly dayShare: number; readonly windowShare: number },
): string[] {
  const { limits, objects, streamSlots } = findings
  const lines: string[] = []
  if (limits) {
    const ours = Math.floor(limits.limitToday * shares.dayShare)
    lines.push(
      `  Calls: ${n(limits.usedToday)} of ${n(limits.limitToday)} used (${limits.resets}); our share is ${n(ours)} a day`,
    )
    if (limits.window) {
      const burst = Math.floor(limits.window.limit * shares.windowShare)
      lines.push(`         and ${n(burst)} of ${n(limits.window.limit)} in ${limits.window.ms / 1_000} s`)
    }
  }
  for (const { objectType, fields, unreadable } of objects) {
    lines.push(
      `  ${plain(objectType)}: ${n(fields)} fields${unreadable.length > 0 ? `, not readable: ${unreadable.map(plain).join(', ')}` : ''}`,
    )
  }
  if (streamSlots) {
    lines.push(
      `  Change events: ${streamSlots.taken.length} of ${streamSlots.max} entities selected${
        streamSlots.missing.length > 0 ? `, missing ${streamSlots.missing.map(plain).join(', ')}` : ''
      }`,
    )
  }
  if (taskKey) {
    lines.push(
      `  No second task: ${taskKey.enforced ? 'enforced by the CRM' : 'checked by reading back'}. ${plain(taskKey.why)}`,
    )
  }
  return lines
}

function n(value: number): string {
  return value.toLocaleString('en-US')
}

/** What a CRM says is shown in a terminal, which obeys control characters. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}
