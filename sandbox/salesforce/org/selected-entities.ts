import type { Org, Settings } from './org.ts'

/** The limit of an org without the add-on, over all channels. */
const SELECTED_MAX = 5

/** Another integration's channel, which is named by its id. */
const OTHER_CHANNEL_ID = '0YLLk00000000010AA'

/** `Lead` is selected as `LeadChangeEvent`, `Order__c` as `Order__ChangeEvent`. */
export function changeEventName(entity: string): string {
  return entity.endsWith('__c') ? `${entity.slice(0, -1)}ChangeEvent` : `${entity}ChangeEvent`
}

/**
 * Refuses what Salesforce's setup page refuses. Objects that this org does not serve can be selected: other
 * integrations' selections count too.
 */
export function checkSelection(given: {
  readonly selectedEntities: unknown
  readonly selectedElsewhere: unknown
}): Pick<Settings, 'selectedEntities' | 'selectedElsewhere'> {
  const selectedEntities = namesOf(given.selectedEntities)
  const selectedElsewhere = namesOf(given.selectedElsewhere)
  // The vendor counts an entity once, however many channels it is on.
  const names = new Set([...selectedEntities, ...selectedElsewhere])
  if (names.size > SELECTED_MAX) {
    throw new Error(`An org may select ${SELECTED_MAX} entities, not ${names.size}: ${[...names].join(', ')}`)
  }
  return { selectedEntities, selectedElsewhere }
}

function namesOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || !/^[A-Za-z]\w*$/.test(name))) {
    throw new Error(`Selected entities must be a list of object names, not ${JSON.stringify(value)}`)
  }
  return [...new Set(value as string[])]
}

/** Updates the rows that the Tooling API returns to the setting. */
export function fillChannelMembers(org: Org, atMs: number): void {
  const table = 'PlatformEventChannelMember'
  for (const id of [...org.store.table(table).keys()]) org.store.purge(table, id)
  const userId = org.store.table('User').keys().next().value ?? null
  const { selectedEntities, selectedElsewhere } = org.settings
  const rows = [
    ...selectedEntities.map((entity) => ({ channel: 'ChangeEvents', name: 'ChangeEvents', entity })),
    ...selectedElsewhere.map((entity) => ({ channel: OTHER_CHANNEL_ID, name: 'Partner_chn', entity })),
  ]
  for (const { channel, name, entity } of rows) {
    org.store.seed(table, {
      Id: org.ids.take(org.catalog.get(table)!.keyPrefix),
      EventChannel: channel,
      SelectedEntity: changeEventName(entity),
      DeveloperName: `${name}_${changeEventName(entity)}`,
      CreatedDate: atMs,
      CreatedById: userId,
      LastModifiedDate: atMs,
      LastModifiedById: userId,
      SystemModstamp: atMs,
    })
  }
}
