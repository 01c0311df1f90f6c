import type { Actor } from './actor.ts'
import { type AssociationBook, inverseTypeId, isPrimaryType, labelsBetween } from './association-book.ts'
import type { ObjectTypeName } from './object-type.ts'
import type { ObjectRef, StoreChange } from './store-change.ts'
import type { StoredRecord } from './stored-record.ts'
import type { Written } from './write-validation.ts'

/** What a change of associations needs of the portal. */
type Linked = {
  readonly associations: AssociationBook
  readonly onChange: (change: StoreChange) => void
  now(): number
  get(ref: ObjectRef): StoredRecord | undefined
  setComputed(ref: ObjectRef, properties: Written, actor: Actor): void
  touch(ref: ObjectRef): void
}

/** The property that HubSpot fills with the primary company's id. */
const PRIMARY_COMPANY: Partial<Record<ObjectTypeName, string>> = {
  contacts: 'associatedcompanyid',
  deals: 'hs_primary_associated_company',
}

export function plainTypeId(from: ObjectTypeName, to: ObjectTypeName): number | undefined {
  return labelsBetween(from, to).at(-1)?.typeId
}

/**
 * Associates two records in both directions. A primary association also creates the plain one, and the first company
 * becomes the primary one, as in HubSpot.
 */
export function linkRecords(
  portal: Linked,
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

export function unlinkRecords(portal: Linked, from: ObjectRef, to: ObjectRef, actor: Actor): void {
  const removed = portal.associations.remove(from, to)
  if (removed.length === 0) return
  for (const typeId of removed) announce(portal, from, to, typeId, true, actor)
  afterLinkChange(portal, from, to, actor)
}

/**
 * After a merge, the survivor gets the associations of the merged-away records. A record keeps one primary company, and
 * records whose primary company was merged follow it. HubSpot sends no event for moved associations.
 */
export function moveLinks(portal: Linked, from: readonly ObjectRef[], survivor: ObjectRef, actor: Actor): void {
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

/** While a company is archived, records with it as their primary company show none; restored, they show it again. */
export function followCompany(portal: Linked, company: ObjectRef, actor: Actor): void {
  for (const { to } of portal.associations.all(company)) {
    const property = PRIMARY_COMPANY[to.type]
    if (property === undefined || portal.associations.primaryOf(to, 'companies') !== company.id) continue
    portal.setComputed(to, { [property]: portal.get(company) === undefined ? '' : company.id }, actor)
  }
}

/** Two events, one per direction. */
function announce(
  portal: Linked,
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

function afterLinkChange(portal: Linked, from: ObjectRef, to: ObjectRef, actor: Actor): void {
  for (const [member, other] of [
    [from, to],
    [to, from],
  ] as const) {
    const property = PRIMARY_COMPANY[member.type]
    if (property !== undefined && other.type === 'companies') {
      const primary = portal.associations.primaryOf(member, 'companies') ?? ''
      portal.setComputed(member, { [property]: primary }, actor)
    } else {
      // HubSpot counts logged activity: a task on a contact moves the contact's modification date.
      portal.touch(member)
    }
  }
}
