import type { TerritoryAssignment } from '../model/record/territories-field.ts'

/** The territories that a CRM itself assigns records to. */
export type CrmTerritories = {
  /** Null: the account does not use territories, or does not show them to us. */
  list(): Promise<CrmTerritory[] | null>
  /** Which records are assigned to which territory. */
  readonly assignments: AssignmentVerbs
}

export type CrmTerritory = {
  readonly territoryId: string
  readonly name: string
  readonly developerName: string | null
  readonly parentId: string | null
  /** Users with an active association; whether the user is active is the directory's to say. Null: not shown to us. */
  readonly memberIds: readonly string[] | null
}

/** The territories that records can be assigned to. */
export type ActiveTerritories = {
  /** Null: no model is active, so no record is assigned. */
  readonly modelId: string | null
  readonly territories: readonly {
    readonly territoryId: string
    readonly name: string
    readonly developerName: string
  }[]
  /** When we read it, by the CRM's own clock where its answers have a Date header. */
  readonly atMs: number
}

export type AssignmentPage = {
  readonly assignments: readonly TerritoryAssignment[]
  /** Null: this was the last page. */
  readonly cursor: string | null
  /** The latest time at which one of these was made; 0: the page is empty. */
  readonly latestMs: number
}

export type AssignmentVerbs = {
  /** Null: the account does not use territories, or does not show them to us. */
  active(): Promise<ActiveTerritories | null>
  /** All assignments in the territories of one model, by id. */
  everything(modelId: string, cursor: string | null): Promise<AssignmentPage>
  /** Assignments made at or after a time, the earliest first. */
  madeSince(modelId: string, sinceMs: number, cursor: string | null): Promise<AssignmentPage>
  /** Assignments deleted since. Null: the CRM no longer knows, and everything has to be read again. */
  deletedSince(sinceMs: number): Promise<{ readonly ids: readonly string[]; readonly untilMs: number } | null>
  /** All assignments of these records. At most `readBatchMax` records. */
  ofRecords(modelId: string, recordIds: readonly string[]): Promise<TerritoryAssignment[]>
}
