import { COUNTRIES } from '../geography/countries.ts'
import type { Organisation } from '../market/organisation.ts'
import { type Draft, longAgo, type Site } from './draft.ts'

export function addSite(
  draft: Draft,
  where: { hubspot: boolean; salesforce: boolean },
  about: { organisation?: Organisation; quiet?: boolean; parent?: Site } = {},
): Site {
  const organisation = about.organisation ?? draft.organisations.business()
  const parent = about.parent ?? null
  const site: Site = {
    organisation,
    company: where.hubspot
      ? draft.hubspot.company(organisation, {
          createdAtMs: longAgo(draft),
          owner: organisation.owner,
          parent: parent?.company ?? null,
        })
      : null,
    account: where.salesforce
      ? draft.salesforce.account(organisation, {
          createdAtMs: longAgo(draft),
          owner: organisation.owner,
          parent: parent?.account ?? null,
        })
      : null,
    quiet: about.quiet ?? draft.random.chance(0.35),
    taken: false,
  }
  draft.sites.push(site)
  return site
}

/**
 * A subsidiary abroad. It shares its parent's domain only where one CRM holds both: a parent link does not reach the
 * other CRM.
 */
export function addSubsidiary(draft: Draft): void {
  const { random } = draft
  const parents = draft.sites.filter(
    (site) => !site.taken && site.organisation.parent === null && site.organisation.country.iso !== 'JP',
  )
  const parent = random.pick(parents)
  const home = parent.organisation.country.iso
  const abroad = random.pick(COUNTRIES.filter((c) => c.iso !== home && c.language !== 'ja' && c.language !== 'el'))
  const oneCrm = parent.company === null || parent.account === null
  const organisation = draft.organisations.subsidiary(parent.organisation, abroad, oneCrm && random.chance(0.5))
  parent.taken = true
  // Quiet where the domain is shared: its people's addresses would match two accounts.
  const shares = organisation.domain === parent.organisation.domain
  const site = addSite(
    draft,
    { hubspot: parent.company !== null, salesforce: parent.account !== null },
    { organisation, parent, ...(shares ? { quiet: true } : {}) },
  )
  site.taken = true
}
