import { withCurrencies } from '../catalog/currency-field.ts'
import { findObject, type ObjectCatalog, type ObjectDefinition } from '../catalog/object-definition.ts'
import { withPersonAccounts } from '../catalog/person-account-fields.ts'
import { buildCatalog, SELECTED_ENTITIES } from '../catalog/standard-objects.ts'
import type { SandboxClock } from './clock.ts'
import { IdSequence } from './record-id.ts'
import { type FieldValue, RecordStore, type StoredRecord } from './record-store.ts'

/** The settings of docs/sandbox.md and docs/sandbox-salesforce.md. */
export type Settings = {
  /** `Sforce-Call-Options: client=` shows up in changeOrigin for single rows, external-id rows and the like. */
  clientInOrigin: boolean
  /** The same for Collections and Composite. Undocumented, so tests try both. */
  clientInOriginForCollections: boolean
  taskExternalId: boolean
  rotateRefreshToken: boolean
  /** Calls per rolling 24 hours: 100,000 + 1,000 per licence is the vendor's Enterprise allowance for 40 users. */
  dailyLimit: number
  /** Delivered change events per rolling 24 hours: the vendor's allowance for Enterprise. */
  deliveryLimit: number
  keepaliveMs: number
  /** How long a stream with nothing requested stays open; 60 s at the vendor. */
  idleStreamMs: number
  /** Whether the lead assignment rule is active. It runs on every API create and update that does not turn it off. */
  assignmentRule: boolean
  accessTokenMinutes: number
  /** The objects that send change events, at most five. Objects that this org does not serve count too. */
  selectedEntities: readonly string[]
  /** How far the org's clock is ahead of the real time; negative: behind. */
  clockOffsetMs: number
  /** Whether the authorization page refuses a request without code_challenge. */
  requirePkce: boolean
  /** "Require Secret" of the app, for codes and for refresh tokens; a public client never sends one. */
  requireSecret: boolean
  /** Person accounts are on, with a few of them. An admin can turn them on and never off again. */
  personAccounts: boolean
  /** Several currencies: the records with amounts have a CurrencyIsoCode. */
  multiCurrency: boolean
  /** Objects selected by another integration: they count among the five and send nothing on our channel. */
  selectedElsewhere: readonly string[]
}

export const DEFAULT_SETTINGS: Settings = {
  clientInOrigin: true,
  clientInOriginForCollections: true,
  taskExternalId: true,
  rotateRefreshToken: false,
  dailyLimit: 140_000,
  deliveryLimit: 25_000,
  keepaliveMs: 60_000,
  idleStreamMs: 60_000,
  assignmentRule: true,
  accessTokenMinutes: 120,
  selectedEntities: SELECTED_ENTITIES,
  clockOffsetMs: 0,
  requirePkce: false,
  requireSecret: true,
  personAccounts: false,
  multiCurrency: false,
  selectedElsewhere: [],
}

export type Org = {
  readonly orgId: string
  readonly clock: SandboxClock
  readonly store: RecordStore
  readonly ids: IdSequence
  readonly settings: Settings
  catalog: ObjectCatalog
  /** In an org as one user sees it: the whole org, which rules and computed fields use. */
  readonly whole?: Org
}

export function createOrg(orgId: string, clock: SandboxClock, settings: Settings): Org {
  const store = new RecordStore(() => toSecond(clock.now()))
  const plain = buildCatalog({ taskExternalId: settings.taskExternalId })
  const priced = settings.multiCurrency ? withCurrencies(plain) : plain
  const catalog = settings.personAccounts ? withPersonAccounts(priced) : priced
  return { orgId, clock, store, ids: new IdSequence(), settings, catalog }
}

/** Salesforce keeps instants to the second, so two changes within one second carry the same SystemModstamp. */
export function toSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

export function objectOf(org: Org, name: string): ObjectDefinition | undefined {
  return findObject(org.catalog, name)
}

export function objectOfId(org: Org, id: string): ObjectDefinition | undefined {
  const prefix = id.slice(0, 3)
  for (const object of org.catalog.values()) if (object.keyPrefix === prefix) return object
  return undefined
}

export function isLive(record: StoredRecord | undefined): record is StoredRecord {
  return record !== undefined && record.IsDeleted !== true
}

/** Deleted without a recycle bin, so long ago that queries no longer find it. */
export function isForgotten(org: Org, object: ObjectDefinition, record: StoredRecord): boolean {
  if (object.deletedForMs === null || record.IsDeleted !== true) return false
  return Number(record.SystemModstamp) < org.clock.now() - object.deletedForMs
}

/** A text field, or the empty string. */
export function textOf(record: StoredRecord | undefined, field: string): string {
  const value: FieldValue | undefined = record?.[field]
  return typeof value === 'string' ? value : ''
}
