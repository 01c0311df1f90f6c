/** Who made a change, in the words that HubSpot's history and webhooks use. */
export type Actor = {
  /** CRM_UI for a person, INTEGRATION for an app, IMPORT, AUTOMATION_PLATFORM, ... : an open set. */
  readonly sourceType: string
  /** `userId:<id>` for a person, the app's id for an app. */
  readonly sourceId: string
  readonly userId: number | null
}

export function person(userId: number): Actor {
  return { sourceType: 'CRM_UI', sourceId: `userId:${userId}`, userId }
}

export function app(appId: number): Actor {
  return { sourceType: 'INTEGRATION', sourceId: String(appId), userId: null }
}
