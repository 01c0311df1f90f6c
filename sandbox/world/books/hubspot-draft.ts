export type PropertyVersion = { value: string; atMs: number; sourceType: string; sourceId: string }

/** A HubSpot record while the world is being generated: defects still change it before the sandbox gets it. */
export type HubSpotDraft = {
  id: string
  createdAtMs: number
  modifiedAtMs: number
  properties: Record<string, string>
  history: Record<string, PropertyVersion[]>
}
