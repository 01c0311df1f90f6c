import { crmProfile } from '../../record/crm-profile.ts'
import { renderConditions, together } from '../../rules/render.ts'
import type { Mode, ObjectRef, Policy } from '../policy.ts'
import type { Change } from './change.ts'
import { diffRows, isSame } from './rows.ts'
import { isLooser, sayConditions } from './say-conditions.ts'

/** What the workflow is for, what it watches, and how far it may go. */
export function purposeChanges(from: Policy, to: Policy): Change[] {
  return [
    ...textChange('title', 'Title', from.title, to.title),
    ...textChange('action', 'What it does', from.action.says, to.action.says),
    ...textChange('risk', 'Risk if this breaks', from.ifWrongForTwoWeeks, to.ifWrongForTwoWeeks),
    ...waitingChange(from, to),
    ...objectChanges(from.objects, to.objects),
    ...modeChanges(from, to),
    ...scopeChange(from, to),
    ...customerChange(from, to),
  ]
}

function textChange(name: string, label: string, from: string, to: string): Change[] {
  if (from === to) return []
  return [{ part: 'purpose', kind: 'changed', name, says: `${label}: "${to}" (was "${from}").`, reach: 'wording' }]
}

function waitingChange({ action: from }: Policy, { action: to }: Policy): Change[] {
  if (isSame(from.when, to.when)) return []
  const says =
    from.when !== 'never' && to.when !== 'never'
      ? `A record waits for the workflow: ${sayConditions(from.when, to.when)}.`
      : to.when === 'never'
        ? 'No record waits for the workflow anymore; it only watches.'
        : `A record now waits for the workflow while ${renderConditions(to.when)}; before, it only watched.`
  const isWider = from.when === 'never' || (to.when !== 'never' && isLooser(from.when, to.when))
  return [{ part: 'purpose', kind: 'changed', name: 'waits', says, reach: isWider ? 'widens' : 'other' }]
}

function objectChanges(from: readonly ObjectRef[], to: readonly ObjectRef[]): Change[] {
  const name = ({ crm, object }: ObjectRef) => `${crmProfile(crm).title} ${object}`
  return diffRows(from, to, ({ crm, object }) => `${crm}.${object}`).map((change): Change => {
    switch (change.kind) {
      case 'added':
        return row('scope', 'added', name(change.to), `Watches ${name(change.to)} as well.`, 'widens')
      case 'removed':
        return row('scope', 'removed', name(change.from), `Stops watching ${name(change.from)}.`, 'other')
      default:
        return row(
          'scope',
          'moved',
          name(change.to),
          `${name(change.to)} has another place in the list of objects.`,
          'other',
        )
    }
  })
}

const LADDER: readonly Mode[] = ['draft', 'observe', 'pilot', 'live']

function modeChanges(from: Policy, to: Policy): Change[] {
  const changes: Change[] = []
  const step = LADDER.indexOf(to.mode) - LADDER.indexOf(from.mode)
  if (step !== 0) {
    const says = `Mode: ${to.mode} (was ${from.mode}).`
    // Below pilot its own cases stop holding other rules, so a step down to there is not only narrower.
    const isNarrower = from.mode === 'live' && to.mode === 'pilot'
    changes.push(row('mode', 'changed', 'mode', says, step > 0 ? 'widens' : isNarrower ? 'narrows' : 'other'))
  }
  if (isSame(from.pilot, to.pilot)) return changes
  // The mode has said that there is one, or none anymore.
  if (from.pilot === null || to.pilot === null) {
    const says =
      to.pilot === null
        ? `No pilot anymore (was at most ${from.pilot?.dailyCap} owners a day where ${renderConditions(from.pilot?.when ?? [])}).`
        : `Pilot: at most ${to.pilot.dailyCap} owners a day, where ${renderConditions(to.pilot.when)}.`
    return [
      ...changes,
      row('mode', to.pilot === null ? 'removed' : 'added', 'pilot', says, to.pilot === null ? 'other' : 'narrows'),
    ]
  }
  const { pilot: old } = from
  const { pilot: now } = to
  if (old.dailyCap !== now.dailyCap) {
    const says = `Pilot: at most ${now.dailyCap} owners a day (was ${old.dailyCap}).`
    changes.push(row('mode', 'changed', 'pilot cap', says, now.dailyCap > old.dailyCap ? 'widens' : 'narrows'))
  }
  if (!isSame(old.when, now.when)) {
    const reach = isLooser(old.when, now.when) ? 'widens' : 'other'
    changes.push(row('mode', 'changed', 'pilot slice', `Pilot slice: ${sayConditions(old.when, now.when)}.`, reach))
  }
  return changes
}

function scopeChange({ scope: from }: Policy, { scope: to }: Policy): Change[] {
  if (isSame(from, to)) return []
  const reach = isLooser(from, to) ? 'widens' : 'other'
  return [row('scope', 'changed', '', `Covers records: ${sayConditions(from, to)}.`, reach)]
}

function customerChange({ customers: from = [] }: Policy, { customers: to = [] }: Policy): Change[] {
  if (isSame(from, to)) return []
  const says =
    to.length === 0
      ? 'No field of yours marks an existing customer anymore.'
      : `An existing customer is also marked by: ${together(to.map((one) => renderConditions([one])))}${
          from.length === 0 ? '' : ` (was ${together(from.map((one) => renderConditions([one])))})`
        }.`
  const kind = from.length === 0 ? 'added' : to.length === 0 ? 'removed' : 'changed'
  return [row('limits', kind, 'customers', says, 'other')]
}

function row(part: Change['part'], kind: Change['kind'], name: string, says: string, reach: Change['reach']): Change {
  return { part, kind, name, says, reach }
}
