import { type FieldsNeeded, fieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import type { Database } from '../../src/store/database/database.ts'
import { policiesInForce, workflowsInForce } from '../../src/store/decisions/policies.ts'
import { policiesBeingPrepared } from '../../src/store/publishing/drafts.ts'

/** What this process knows of the policies whose fields are read: those in force, and those that are being prepared. */
export type FollowedPolicies = {
  /** Reads the tables again. Before every poll, so that what is read from the start is read with every field. */
  follow(): Promise<void>
  readonly policies: () => readonly Policy[]
  /** Asked for every page and every event, so each answer is worked out once. */
  fieldsOf(crm: Crm, objectType: string): FieldsNeeded
}

export async function followedPolicies(db: Database): Promise<FollowedPolicies> {
  let known: { readonly key: string; readonly policies: readonly Policy[]; readonly fields: Map<string, FieldsNeeded> }
  const follow = async () => {
    // Asked every second, and nearly always it is as it was: then no document is read.
    const hashes = (await workflowsInForce(db, undefined)).map(({ hash }) => hash)
    const prepared = await policiesBeingPrepared(db)
    const key = JSON.stringify([hashes, prepared])
    if (known?.key === key) return
    const inForce = (await policiesInForce(db)).map(({ policy }) => policy)
    known = { key, policies: [...inForce, ...prepared], fields: new Map() }
  }
  await follow()
  return {
    follow,
    policies: () => known.policies,
    fieldsOf(crm, objectType) {
      const key = `${crm}/${objectType}`
      const needed = known.fields.get(key) ?? fieldsNeeded(known.policies, crm, objectType)
      known.fields.set(key, needed)
      return needed
    },
  }
}
