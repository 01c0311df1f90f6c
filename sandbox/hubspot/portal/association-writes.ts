import type { Actor } from './actor.ts'
import { inverseTypeId, isPrimaryType, labelsBetween } from './association-book.ts'
import type { ObjectTypeName } from './object-type.ts'
import type { Portal } from './portal.ts'
import type { ObjectRef } from './store-change.ts'

/** Properties that HubSpot fills with the id of the primary company. */
const PRIMARY_COMPANY: Partial<Record<ObjectTypeName, string>> = {
  contacts: 'associatedcompanyid',
  deals: 'hs_primary_associated_company',
}

export function plainTypeId(from: ObjectTypeName, to: ObjectTypeName): number | undefined {
  return labelsBetween(from, to).at(-1)?.typeId
}

/**
 * Links two records, both directions. A primary link also makes the plain one, and a first company becomes the primary
 * one, as in HubSpot.
 */
export function linkRecords(
  portal: Portal,
  from: ObjectRef,
  to: ObjectRef,
  typeIds: readonly number[],
  actor: Actor,
): void {
  const wanted = new Set(typeIds)
  const company = from.type === 'companies' ? from : to.type === 'companies' ? to : null
  const member = company === from ? to : from
  const labels = labelsBetween(from.type, to.type)
  const primary = labels.find((label) => label.label === 'Primary')
  const plain = plainTypeId(from.type, to.type)
  if (primary !== undefined && company !== null) {
    const present = portal.associations.primaryOf(member, 'companies')
    if (wanted.has(primary.typeId) && plain !== undefined) wanted.add(plain)
    if (present === undefined) wanted.add(primary.typeId)
    if (present !== undefined && present !== company.id && wanted.has(primary.typeId)) {
      const memberSide = labelsBetween(member.type, 'companies')[0]!.typeId
      portal.associations.removeType(member, { type: 'companies', id: present }, memberSide)
    }
  }
  for (const typeId of wanted) {
    if (!portal.associations.add(from, to, typeId)) continue
    announce(portal, from, to, typeId, false, actor)
  }
  afterLinkChange(portal, from, to, actor)
}

export function unlinkRecords(portal: Portal, from: ObjectRef, to: ObjectRef, actor: Actor): void {
  const removed = portal.associations.remove(from, to)
  if (removed.length === 0) return
  for (const typeId of removed) announce(portal, from, to, typeId, true, actor)
  afterLinkChange(portal, from, to, actor)
}

/**
 * After a merge, what hung on the merged-away records hangs on the survivor. A record keeps one primary company; those
 * whose primary company was merged follow it. No event tells of the moved links.
 */
export function moveLinks(portal: Portal, from: readonly ObjectRef[], survivor: ObjectRef, actor: Actor): void {
  const { associations } = portal
  const links = from.flatMap((gone) => associations.all(gone).map((link) => ({ ...link, gone })))
  for (const { gone, to } of links) associations.remove(gone, to)
  for (const { to, typeIds } of links) {
    for (const typeId of typeIds) {
      const second =
        to.type === 'companies' &&
        isPrimaryType(survivor.type, to.type, typeId) &&
        associations.primaryOf(survivor, 'companies') !== undefined
      if (!second) associations.add(survivor, to, typeId)
    }
    const property = PRIMARY_COMPANY[to.type]
    if (survivor.type === 'companies' && property !== undefined) {
      portal.setComputed(to, { [property]: associations.primaryOf(to, 'companies') ?? '' }, actor)
    }
  }
}

/** Whoever had this company as their primary one shows none while it is archived, and shows it again afterwards. */
export function followCompany(portal: Portal, company: ObjectRef, actor: Actor): void {
  for (const { to } of portal.associations.all(company)) {
    const property = PRIMARY_COMPANY[to.type]
    if (property === undefined || portal.associations.primaryOf(to, 'companies') !== company.id) continue
    portal.setComputed(to, { [property]: portal.get(company) === undefined ? '' : company.id }, actor)
  }
}

/** Two events, one per direction. */
function announce(
  portal: Portal,
  from: ObjectRef,
  to: ObjectRef,
  typeId: number,
  removed: boolean,
  actor: Actor,
): void {
  const atMs = portal.now()
  const primary = isPrimaryType(from.type, to.type, typeId)
  portal.onChange({ kind: 'associated', from, to, removed, primary, actor, atMs })
  if (inverseTypeId(from.type, to.type, typeId) !== undefined) {
    portal.onChange({ kind: 'associated', from: to, to: from, removed, primary, actor, atMs })
  }
}

function afterLinkChange(portal: Portal, from: ObjectRef, to: ObjectRef, actor: Actor): void {
  for (const [member, other] of [
    [from, to],
    [to, from],
  ] as const) {
    const property = PRIMARY_COMPANY[member.type]
    if (property !== undefined && other.type === 'companies') {
      const primary = portal.associations.primaryOf(member, 'companies') ?? ''
      portal.setComputed(member, { [property]: primary }, actor)
    } else {
      // Logged activity counts: a task written to a contact moves the contact's modification date.
      portal.touch(member)
    }
  }
}
