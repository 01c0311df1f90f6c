/** So that asking whether an import has events left costs nothing while hundreds of thousands of others wait. */
export const STATEMENTS: readonly string[] = [
  `create index change_event_baseline on change_event (connection_id) where state = 'received' and source = 'baseline'`,
]
