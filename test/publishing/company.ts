import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { loadPolicies, reloadPolicy } from '../../src/config/policies/policy-files.ts'
import type { Actor, Lane } from '../../src/model/authority/acts.ts'
import { approveDraft } from '../../src/publishing/approve-draft.ts'
import { makeDraft } from '../../src/publishing/edit-draft.ts'
import { seedFromFiles } from '../../src/publishing/follow-files.ts'
import { publishApproved } from '../../src/publishing/put-in-force.ts'
import { databaseNowMs } from '../../src/store/database/clock.ts'
import type { Database } from '../../src/store/database/database.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { findDraft } from '../../src/store/publishing/drafts.ts'
import { SHIPPED } from '../support/config-copy.ts'

export const LEADS = 'workflow:lead-routing' as const

/** A company with the shipped policies in force as number 1 of the sequence, and somebody in each job. */
export async function company(db: Database) {
  const dir = mkdtempSync(join(tmpdir(), 'lanekeeper-publishing-'))
  cpSync(SHIPPED, dir, { recursive: true })
  const file = join(dir, 'workflows', 'lead-routing.yaml')
  const seed = () => seedFromFiles(db, dir, { ...loadPolicies(dir), reload: reloadPolicy })
  await seed()
  const person = async (name: string, ...lanes: Lane[]): Promise<Actor & { kind: 'person' }> => {
    const personId = await createPerson(db, { name, madeBy: 'terminal' })
    const workflows = await sql<{ workflow: string }>`select workflow from workflow`.execute(db)
    for (const { workflow } of workflows.rows) {
      for (const lane of lanes) {
        const circle = lane === 'review' ? 'general' : ''
        await sql`insert into lane_holder (workflow, lane, circle, person_id, role)
          values (${lane === 'admin' ? '' : workflow}, ${lane}, ${circle}, ${personId}, 'holder')
          on conflict do nothing`.execute(db)
      }
    }
    const signedInAtMs = await databaseNowMs(db)
    return { kind: 'person', personId, strength: 'strong', signedInAtMs, isActive: true, isActiveInCrm: true }
  }
  const people = {
    boundary: await person('Priya', 'boundary'),
    rollback: await person('Sam', 'rollback'),
    workflow: await person('Yuki', 'workflow'),
    override: await person('Nina', 'override'),
    data: await person('Ines', 'data'),
    reviewer: await person('Tom', 'review'),
    admin: await person('Ada', 'admin'),
  }
  const text = readFileSync(file, 'utf8')
  const hashOf = async (id: number) => (await findDraft(db, id))!.hash!
  return {
    dir,
    file,
    seed,
    person,
    people,
    text,
    write: (source: string) => writeFileSync(file, source),
    draft: (by: Actor, source: string) => makeDraft(db, by, { document: LEADS, source }),
    hashOf,
    approve: async (by: Actor, id: number) => approveDraft(db, by, { id, hash: await hashOf(id) }),
    publish: () => publishApproved(db),
  }
}

export type Company = Awaited<ReturnType<typeof company>>

/** The rule of Japan's branch goes, Japan is decided like everywhere else: something that is neither wider nor narrower. */
export function withoutJapan(text: string): string {
  return text.replace('equals: JP', 'equals: KR')
}

/** One case more is looked at by somebody senior: a change that only narrows. */
export function narrower(text: string): string {
  return text.replace(
    '  - pattern: orphaned-owner\n    class: risky',
    '  - pattern: orphaned-owner\n    class: customer-facing',
  )
}
