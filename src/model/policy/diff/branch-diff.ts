import type { Rule } from '../../rules/condition.ts'
import { renderConditions, renderOwner, together } from '../../rules/render.ts'
import type { Branch, BranchMode } from '../policy.ts'
import type { Change, Reach } from './change.ts'
import { diffRows, isSame, type RowChange } from './rows.ts'
import { isLooser, sayConditions } from './say-conditions.ts'

/** Where rules win, and what they say. */
export function branchChanges(from: readonly Branch[], to: readonly Branch[]): Change[] {
  return diffRows(from, to, ({ branch }) => branch).flatMap(branchRow)
}

function branchRow(row: RowChange<Branch>): Change[] {
  switch (row.kind) {
    case 'added':
      return [
        ofBranch(
          'added',
          row.to,
          `New branch ${row.toPlace + 1}, ${row.to.branch}: ${branchSentence(row.to)}.`,
          'other',
        ),
      ]
    case 'removed':
      return [ofBranch('removed', row.from, `Branch ${row.from.branch} is gone: ${branchSentence(row.from)}.`, 'other')]
    case 'moved': {
      const says = `Branch ${row.to.branch} moved from place ${row.fromPlace + 1} to ${row.toPlace + 1}; the first that fits wins.`
      return [ofBranch('moved', row.to, says, 'other')]
    }
    case 'changed':
      return branchChange(row.from, row.to)
  }
}

function ofBranch(kind: Change['kind'], { branch }: Branch, says: string, reach: Reach): Change {
  return { part: 'branches', kind, name: branch, says, reach }
}

const HOW: Readonly<Record<BranchMode, string>> = {
  rules: 'rules decide',
  review: 'a person decides each case',
  manual: 'everything is done by hand',
}

function branchSentence({ when, mode, rules, settles }: Branch): string {
  const rows = mode === 'rules' ? ` with ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}` : ''
  const alone = settles.length === 0 ? '' : `, and settle ${together(settles)} alone`
  return `${HOW[mode]}${rows} where ${renderConditions(when)}${alone}`
}

const FREEDOM: readonly BranchMode[] = ['manual', 'review', 'rules']

function branchChange(from: Branch, to: Branch): Change[] {
  const changes: Change[] = []
  const name = `Branch ${to.branch}`
  const isHandedOver = from.mode !== to.mode && to.mode !== 'rules'
  if (from.mode !== to.mode) {
    const isLess = FREEDOM.indexOf(to.mode) < FREEDOM.indexOf(from.mode)
    const gone = isHandedOver && from.rules.length > 0 ? ` Its ${from.rules.length} rules no longer run.` : ''
    const says = `${name}: ${HOW[to.mode]} (was: ${HOW[from.mode]}).${gone} ${to.because}`
    changes.push(ofBranch('changed', to, says, isLess ? 'narrows' : 'widens'))
  } else if (from.because !== to.because) {
    changes.push(
      ofBranch('changed', to, `${name}: the reason is now "${to.because}" (was "${from.because}").`, 'wording'),
    )
  }
  if (!isSame(from.when, to.when)) {
    const reach = isLooser(from.when, to.when) && to.mode === 'rules' ? 'widens' : 'other'
    changes.push(ofBranch('changed', to, `${name}: ${sayConditions(from.when, to.when)}.`, reach))
  }
  // Said with the mode: a branch without rules has none of these.
  if (isHandedOver) return changes
  return [...changes, ...settledChanges(from, to), ...formerMarks(from, to), ...ruleChanges(from, to)]
}

function settledChanges(from: Branch, to: Branch): Change[] {
  const gained = to.settles.filter((one) => !from.settles.includes(one))
  const lost = from.settles.filter((one) => !to.settles.includes(one))
  const name = `The rules of ${to.branch}`
  const changes: Change[] = []
  if (gained.length > 0) {
    changes.push(ofBranch('changed', to, `${name} may now settle ${together(gained)} without a person.`, 'widens'))
  }
  if (lost.length > 0) {
    changes.push(ofBranch('changed', to, `${name} no longer settle ${together(lost)}; a person does.`, 'narrows'))
  }
  if (changes.length === 0 && !isSame(from.settles, to.settles)) {
    changes.push(ofBranch('changed', to, `${name}: what they settle is listed in another order.`, 'wording'))
  }
  return changes
}

/** Texts from before marks were rows said there what is a mark now. */
function formerMarks(from: Branch, to: Branch): Change[] {
  if (isSame(from.settlesClasses, to.settlesClasses)) return []
  const says = `The rules of ${to.branch}: settlesClasses has no effect any more; marks say what it said.`
  return [ofBranch('changed', to, says, 'wording')]
}

function ruleChanges(from: Branch, to: Branch): Change[] {
  return diffRows(from.rules, to.rules, ({ id }) => id).flatMap((row) => ruleRow(row, to))
}

function ruleRow(row: RowChange<Rule>, { branch }: Branch): Change[] {
  switch (row.kind) {
    case 'added': {
      const place = row.before === null ? 'at the end' : `before ${row.before.id}`
      const says = `New rule ${row.to.id} in ${branch}, ${place}: if ${renderConditions(row.to.when)}, ${goesTo(row.to)}. ${row.to.because}`
      return [ofRule('added', row.to, says, 'widens')]
    }
    case 'removed': {
      const says = `Rule ${row.from.id} of ${branch} is gone: if ${renderConditions(row.from.when)}, ${goesTo(row.from)}.`
      return [ofRule('removed', row.from, says, 'other')]
    }
    case 'moved': {
      const says = `Rule ${row.to.id} of ${branch} moved from place ${row.fromPlace + 1} to ${row.toPlace + 1}; the first match wins.`
      return [ofRule('moved', row.to, says, 'other')]
    }
    case 'changed':
      return ruleChange(row.from, row.to)
  }
}

function ofRule(kind: Change['kind'], { id }: Rule, says: string, reach: Reach): Change {
  return { part: 'rules', kind, name: id, says, reach }
}

function goesTo({ owner }: Rule): string {
  return owner === 'leave-alone' ? 'it is left alone' : `it goes to ${renderOwner(owner)}`
}

function ruleChange(from: Rule, to: Rule): Change[] {
  const changes: Change[] = []
  if (!isSame(from.owner, to.owner)) {
    changes.push(ofRule('changed', to, `Rule ${to.id}: ${goesTo(to)} (was: ${goesTo(from)}).`, 'other'))
  }
  if (!isSame(from.when, to.when)) {
    const reach = isLooser(from.when, to.when) ? 'widens' : 'other'
    changes.push(ofRule('changed', to, `Rule ${to.id}: ${sayConditions(from.when, to.when)}.`, reach))
  }
  if (from.because !== to.because) {
    const says = `Rule ${to.id}: the reason is now "${to.because}" (was "${from.because}").`
    changes.push(ofRule('changed', to, says, 'wording'))
  }
  return changes
}
