import type { Crm } from './change-event.ts'

/** Where a watched object keeps the facts that the patterns speak of, by the CRM's own names of the fields. */
export type ObjectShape = {
  /** Singular, for sentences: "contact", "lead". */
  readonly noun: string
  /** Person-like records are matched by e-mail and phone, account-like ones by domain and phone. */
  readonly about: 'person' | 'account' | 'deal' | 'task'
  readonly owner: string
  readonly name: readonly string[]
  readonly email: string | null
  /** Lists of further addresses of the same person, which find them like the first. */
  readonly moreEmails?: readonly string[]
  readonly phones: readonly string[]
  /** Web site or domain of the account. */
  readonly domain: string | null
  readonly companyName: string | null
  readonly country: string | null
  /** State, province or prefecture. */
  readonly state: string | null
  /** How many people the account employs: what "size" means in routing. */
  readonly employees: string | null
  /** Reference to the account this record belongs to. */
  readonly account: string | null
  /** True: until the reference is set, the record belongs to the account that has the domain of its address. */
  readonly accountByDomain: boolean
  /** Reference to the parent account. */
  readonly parent: string | null
  readonly createdAt: string
  readonly modifiedAt: string
  /** Money still to be won, with what says that the deal is closed. */
  readonly amount: string | null
  /** The field with the ISO 4217 code of the record's amounts. Absent: they are in the account's own currency. */
  readonly currency?: string
  /** Fields with `amount` in the CRM account's own currency, as the CRM itself works it out. Absent: it does not. */
  readonly homeAmounts?: readonly string[]
  readonly closedFlag: string | null
  /** The field and the values that make an account an existing customer. */
  readonly customer: { readonly field: string; readonly values: readonly string[] } | null
  /** A queue may own its records. Absent: only people may. */
  readonly ownedByQueues?: true
  /** Some records of the object are persons. Absent: none are. See `person-form.ts`. */
  readonly asPerson?: PersonForm
}

/** What differs in the records of an account object that are persons, and the flag that says so. */
export type PersonForm = {
  readonly noun: string
  /** The field that says `true` of a person. */
  readonly flag: string
  readonly email: string
  readonly phones: readonly string[]
  /** Where the person lives, for one whose `ObjectShape.country` is blank. */
  readonly country: string
  /** The record that the CRM itself keeps beside the account for the same person: its object, and the reference to it. */
  readonly contact: { readonly object: string; readonly field: string }
  /** Fields that only a business fills in: blank on a person, they are not missing. */
  readonly businessFields: readonly string[]
  /** Matches the names of fields that only a person has, the shape's own among them. */
  readonly personFields: RegExp
}

/** The calls that a CRM allows, of which we take our share, until its own headers say better. */
export type CallLimits = {
  readonly windowMs: number
  readonly perWindow: number
  readonly searchPerSecond: number
  readonly dayResets: DayResets
}

/** When the CRM gives a spent day of calls back: all of it at midnight, or each call 24 hours after it was made. */
export type DayResets = 'midnight of the account' | 'rolling 24 hours'

/** What never changes about a CRM, whoever is connected: its words, its objects and their roles, its limits. */
export type CrmProfile = {
  readonly crm: Crm
  /** The CRM as people call it. */
  readonly title: string
  /** What the CRM calls one customer's installation: "portal", "org". */
  readonly accountNoun: string
  /** The watched objects, in the order in which a baseline reads them: accounts before what hangs off them. */
  readonly objects: Readonly<Record<string, ObjectShape>>
  readonly accountObject: string
  readonly dealObject: string
  readonly taskObject: string
  /** The field of a task, and its values, that say that somebody closed it. */
  readonly taskClosed: { readonly field: string; readonly values: readonly string[] }
  /** The object whose change events mean that the list of people changed. Null: the CRM sends none. */
  readonly peopleObject: string | null
  /** Objects that the CRM itself assigns to territories, beside the record and not in a field of it. */
  readonly territoryObjects: readonly string[]
  /** Per object, the CRM's own field for how a record came in. Custom fields may say it too, but nothing tells which. */
  readonly sourceFields: Readonly<Record<string, string>>
  /**
   * Fields that every account of the CRM has beside those above. Where the CRM does not describe one of them, it hides it
   * from us; any other name it does not have. Absent: the CRM describes fields that it hides.
   */
  readonly standardFields?: Readonly<Record<string, readonly string[]>>
  /** Fields that the CRM changes by itself with every write of ours. */
  readonly bookkeepingFields: readonly string[]
  /**
   * True: what people delete stays listed as deleted, so a person who is not even there was erased for privacy, and our
   * copy must go too. False: the CRM empties its recycle bin without such a meaning.
   */
  readonly vanishedPersonIsErased: boolean
  /**
   * True: the CRM shows a user only the records that are shared with them, so one that is not found may still be there, and
   * only its own word proves that it is gone. False: what it does not find among live and deleted records is gone.
   */
  readonly hidesRecords: boolean
  /** How changes reach us unless the connection says otherwise. */
  readonly usualFeed: 'push' | 'stream' | 'poll'
  /** Where an admin looks when events keep missing, one sentence. */
  readonly missedEventsRemedy: string
  /** Where an admin sees who uses the events of the day up; null: the CRM has no such allowance. */
  readonly eventAllowanceRemedy: string | null
  /** Whether the key that makes the CRM refuse a second task can be made by us, through the CRM's API. */
  readonly makesTaskKey: boolean
  /** Where an admin ends our access. */
  readonly accessEndsAt: string
  /** Who made a change has the id that owner fields hold. Absent: the CRM counts its users apart, see `CrmUser.loginId`. */
  readonly actorsAreUsers?: true
  /** Its events say which of two changes of one millisecond came later. Absent: it does not promise to. */
  readonly ordersChanges?: true
  /** Ids in one read call, and items in one write call, that the CRM takes at most. */
  readonly readBatchMax: number
  readonly writeBatchMax: number
  readonly callLimits: CallLimits
}

/** A CRM was named that no adapter has registered: the process was put together without it. */
export class UnknownCrmError extends Error {
  override readonly name = 'UnknownCrmError'
  readonly code = 'UNKNOWN_CRM'
  constructor(crm: string) {
    super(`No adapter is registered for the CRM "${crm}". Registered: ${[...PROFILES.keys()].join(', ') || 'none'}`)
  }
}

const PROFILES = new Map<Crm, CrmProfile>()

/**
 * Makes a CRM known to the model. Called once per CRM when a process is put together (src/crm/registry.ts) and never
 * again, so the model's answers do not change while it runs.
 */
export function registerProfile(profile: CrmProfile): void {
  PROFILES.set(profile.crm, profile)
}

/** Throws `UnknownCrmError`: taking an unknown CRM for one without objects would make its records vanish silently. */
export function crmProfile(crm: Crm): CrmProfile {
  const profile = PROFILES.get(crm)
  if (profile === undefined) throw new UnknownCrmError(crm)
  return profile
}

/** Throws `UnknownCrmError` in a process without any CRM: to such a process every name would be unknown. */
/** The CRM as people call it. A stored connection may be of a CRM that this version has no adapter for. */
export function crmTitle(crm: Crm): string {
  return PROFILES.get(crm)?.title ?? crm
}

export function isKnownCrm(crm: string): boolean {
  if (PROFILES.size === 0) throw new UnknownCrmError(crm)
  return PROFILES.has(crm)
}

/** In the order of registration. */
export function knownProfiles(): readonly CrmProfile[] {
  return [...PROFILES.values()]
}
