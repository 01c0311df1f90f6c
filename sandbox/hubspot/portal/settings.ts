/** Settings of the control path. */
export type SandboxSettings = {
  readonly webhookUrl: string | null
  /** How many extra copies of each event are sent. */
  readonly webhookDuplicate: number
  readonly webhookShuffle: boolean
  readonly webhookDelayMs: number
  /** Share of the events that never arrive, as after ten failed attempts. */
  readonly webhookLoss: number
  /** HubSpot spreads ten retries over 24 hours; here the first follows after about this time. */
  readonly webhookRetryBaseMs: number
  /** Real deliveries sometimes begin above 0. */
  readonly webhookFirstAttempt: number
  /** Captured deliveries have instants without milliseconds. */
  readonly webhookWholeSeconds: boolean
  /** Dates in `propertyValue` as epoch milliseconds instead of ISO text. Undocumented: receivers should accept both. */
  readonly webhookEpochDates: boolean
  readonly searchDelayMs: number
  /** How long reads miss a new record: an event can arrive before its record is readable. */
  readonly createdHiddenMs: number
  /** Whether tasks accept a property with unique values; real portals are not documented to. */
  readonly taskUniqueProperty: boolean
  readonly rateLimit: number
  readonly dailyLimit: number
  readonly rotateRefreshToken: boolean
  /** The public beta in which a merge keeps the winner's id instead of making a new one. */
  readonly mergeKeepsId: boolean
  readonly archivedOwnerAccepted: boolean
  /** Inputs of one batch read that asks for history. HubSpot's cap is undocumented; one integrator keeps to 50. */
  readonly historyBatchMax: number
  /** Scopes that the app lacks: calls that need one get a 403. */
  readonly missingScopes: readonly string[]
  /** How far the portal's clock is ahead of the real time; negative: behind. */
  readonly clockOffsetMs: number
  /** Whether a read by a merged-away id returns the survivor. Integrators' reports conflict. */
  readonly mergedIdResolves: boolean
  /** Properties whose values webhooks hide. */
  readonly sensitiveProperties: readonly string[]
  /** How long an OAuth access token lives. */
  readonly accessTokenSeconds: number
  readonly accountType: string
  readonly timeZone: string
  readonly uiDomain: string
  readonly dataHostingLocation: string
}

/**
 * How a portal is on an ordinary day: search lags some seconds behind, webhooks take about a second and come in any order,
 * and tasks take no unique property, which no document of HubSpot's promises.
 */
export const DEFAULT_SETTINGS: SandboxSettings = {
  webhookUrl: null,
  webhookDuplicate: 0,
  webhookShuffle: true,
  webhookDelayMs: 1_000,
  webhookLoss: 0,
  webhookRetryBaseMs: 1_000,
  webhookFirstAttempt: 0,
  webhookWholeSeconds: false,
  webhookEpochDates: true,
  searchDelayMs: 5_000,
  createdHiddenMs: 0,
  taskUniqueProperty: false,
  // A static app in a Professional or Enterprise account: 190 calls in 10 s, 625,000 a day.
  rateLimit: 190,
  dailyLimit: 625_000,
  rotateRefreshToken: false,
  mergeKeepsId: false,
  archivedOwnerAccepted: false,
  historyBatchMax: 100,
  missingScopes: [],
  clockOffsetMs: 0,
  mergedIdResolves: false,
  sensitiveProperties: [],
  accessTokenSeconds: 1_800,
  accountType: 'STANDARD',
  timeZone: 'Europe/Berlin',
  uiDomain: 'app.hubspot.com',
  dataHostingLocation: 'na1',
}

/**
 * A portal in which everything is to be seen at once, in order, with unique task keys. The test that starts one says why nothing
 * that is tested there waits for HubSpot.
 */
export const AT_ONCE = {
  searchDelayMs: 0,
  webhookDelayMs: 0,
  webhookShuffle: false,
  taskUniqueProperty: true,
} as const satisfies Partial<SandboxSettings>

/** Applies some settings. Throws for an unknown name or a value of the wrong kind. */
export function withSettings(settings: SandboxSettings, change: Readonly<Record<string, unknown>>): SandboxSettings {
  for (const [name, value] of Object.entries(change)) {
    const present = (DEFAULT_SETTINGS as Readonly<Record<string, unknown>>)[name]
    if (present === undefined)
      throw new Error(`There is no setting "${name}". Known: ${Object.keys(settings).join(', ')}`)
    const ok =
      name === 'webhookUrl'
        ? value === null || typeof value === 'string'
        : Array.isArray(present)
          ? Array.isArray(value)
          : typeof value === typeof present
    if (!ok || (name === 'timeZone' && !isTimeZone(value)))
      throw new Error(`Setting "${name}" cannot be ${JSON.stringify(value)}`)
  }
  return { ...settings, ...change }
}

function isTimeZone(name: unknown): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: String(name) }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
