import type { Org } from './org.ts'

/** What an org without the add-on may select, over all its channels. */
const SELECTED_MAX = 5

/** `Lead` is selected as `LeadChangeEvent`, `Order__c` as `Order__ChangeEvent`. */
export function changeEventName(entity: string): string {
  return entity.endsWith('__c') ? `${entity.slice(0, -1)}ChangeEvent` : `${entity}ChangeEvent`
}

/**
 * Refuses what the vendor's set-up page refuses. Objects that this org does not serve may be selected all the same:
 * other integrations use up places too.
 */
export function checkSelectedEntities(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || !/^[A-Za-z]\w*$/.test(name))) {
    throw new Error(`selectedEntities must be a list of object names, not ${JSON.stringify(value)}`)
  }
  const names = [...new Set(value as string[])]
  if (names.length > SELECTED_MAX) {
    throw new Error(`An org may select ${SELECTED_MAX} entities, not ${names.length}: ${names.join(', ')}`)
  }
  return names
}

/** Makes the rows that the Tooling API answers agree with the setting. */
export function fillChannelMembers(org: Org, atMs: number): void {
  const table = 'PlatformEventChannelMember'
  for (const id of [...org.store.table(table).keys()]) org.store.purge(table, id)
  const userId = org.store.table('User').keys().next().value ?? null
  for (const entity of org.settings.selectedEntities) {
    org.store.seed(table, {
      Id: org.ids.take(org.catalog.get(table)!.keyPrefix),
      EventChannel: 'ChangeEvents',
      SelectedEntity: changeEventName(entity),
      DeveloperName: `ChangeEvents_${changeEventName(entity)}`,
      CreatedDate: atMs,
      CreatedById: userId,
      LastModifiedDate: atMs,
      LastModifiedById: userId,
      SystemModstamp: atMs,
    })
  }
}
