import type { ActiveTerritories, AssignmentVerbs } from '../../../src/crm/crm-territories.ts'
import type { TerritoryAssignment } from '../../../src/model/record/territories-field.ts'

/** Assignments to territories of an org in memory, in pages of two. What a test does to them is seen by the next call. */
export class FakeAssignments {
  readonly calls: string[] = []
  readonly territories = new Map([
    ['t1', { developerName: 'dach', name: 'Centre' }],
    ['t2', { developerName: 'france', name: 'France' }],
  ])
  modelId: string | null = 'm1'
  isOff = false
  /** The list of deletions does not reach back to where it is asked from. */
  isListTooShort = false
  nowMs: number
  #made: (TerritoryAssignment & { readonly atMs: number })[] = []
  #deleted: { readonly id: string; readonly atMs: number }[] = []
  #next = 100

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  assign(recordId: string, territoryId: string, objectType = 'Lead'): string {
    const assignmentId = `a${this.#next++}`
    this.#made.push({ assignmentId, objectType, recordId, territoryId, atMs: this.nowMs })
    return assignmentId
  }

  release(assignmentId: string): void {
    this.#made = this.#made.filter((one) => one.assignmentId !== assignmentId)
    this.#deleted.push({ id: assignmentId, atMs: this.nowMs })
  }

  verbs(before: (call: string) => Promise<void> = async () => undefined): AssignmentVerbs {
    const note = async (call: string) => {
      this.calls.push(call)
      await before(call)
    }
    const page = (rows: readonly (TerritoryAssignment & { readonly atMs: number })[]) => {
      const some = rows.slice(0, 2)
      return {
        assignments: some.map(({ atMs: _, ...assignment }) => assignment),
        cursor: rows.length > 2 ? some.at(-1)!.assignmentId : null,
        latestMs: Math.max(0, ...some.map(({ atMs }) => atMs)),
      }
    }
    const from = (cursor: string | null) => this.#made.filter((one) => cursor === null || one.assignmentId > cursor)
    return {
      active: async (): Promise<ActiveTerritories | null> => {
        await note('active')
        if (this.isOff) return null
        const territories = [...this.territories].map(([territoryId, named]) => ({ territoryId, ...named }))
        return { modelId: this.modelId, territories, atMs: this.nowMs }
      },
      everything: async (modelId, cursor) => {
        await note(`everything of ${modelId} after ${cursor}`)
        return page(from(cursor))
      },
      madeSince: async (_, sinceMs, cursor) => {
        await note(`made after ${cursor}`)
        return page(from(cursor).filter(({ atMs }) => atMs >= sinceMs))
      },
      deletedSince: async (sinceMs) => {
        await note('deleted')
        if (this.isListTooShort) return null
        return { ids: this.#deleted.filter(({ atMs }) => atMs >= sinceMs).map(({ id }) => id), untilMs: this.nowMs }
      },
      ofRecords: async (_, recordIds) => {
        await note(`of ${recordIds.length}`)
        return this.#made.filter(({ recordId }) => recordIds.includes(recordId))
      },
    }
  }
}
