import { counted, n } from './numbers.ts'

/** What an upgrade did to cases, of one group or of all. */
export type UpgradeCounts = {
  readonly opened: number
  readonly closed: number
  readonly changed: number
  readonly askedAgain: number
}

export type HeldTasks = { readonly created: number; readonly changed: number; readonly closed: number }

export function sumOf(groups: readonly UpgradeCounts[]): UpgradeCounts {
  const sum = (of: keyof UpgradeCounts) => groups.reduce((total, group) => total + group[of], 0)
  return { opened: sum('opened'), closed: sum('closed'), changed: sum('changed'), askedAgain: sum('askedAgain') }
}

/** `12 cases opened, 8 closed, 3 changed class`; without any, `no case opened or closed`. */
export function countsText({ opened, closed, changed, askedAgain }: UpgradeCounts): string {
  const parts = [
    [opened, 'opened'],
    [closed, 'closed'],
    [changed, 'changed class'],
    [askedAgain, 'opened again for their reviewers'],
  ] as const
  const [first, ...others] = parts.filter(([count]) => count > 0)
  if (first === undefined) return 'no case opened or closed'
  return [`${counted(first[0], 'case')} ${first[1]}`, ...others.map(([count, what]) => `${n(count)} ${what}`)].join(
    ', ',
  )
}

/** `14 tasks to write: 10 new, 1 with another text, 3 to close`; without any, `no task to write`. */
export function heldTasksText({ created, changed, closed }: HeldTasks): string {
  const all = created + changed + closed
  if (all === 0) return 'no task to write'
  const parts = [
    [created, 'new'],
    [changed, 'with another text'],
    [closed, 'to close'],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${n(count)} ${what}`)
  return `${counted(all, 'task')} to write: ${said.join(', ')}`
}

/** Nothing is different, and everything was decided. */
export function isWithoutEffect(
  groups: readonly UpgradeCounts[],
  { created, changed, closed }: HeldTasks,
  undecided: number,
): boolean {
  return groups.length === 0 && created + changed + closed + undecided === 0
}
