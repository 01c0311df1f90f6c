/** The source of a change, as HubSpot's history and webhooks name it. */
export type Actor = {
  /** CRM_UI for a person, INTEGRATION for an app, IMPORT, AUTOMATION_PLATFORM and others: an open set. */
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
