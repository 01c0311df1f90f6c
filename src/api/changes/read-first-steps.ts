import { sql } from 'kysely'
import { neededNow } from '../../publishing/approve-draft.ts'
import { type InForce, inForceOf, workflowOf } from '../../publishing/documents.ts'
import { isDescribed } from '../../publishing/starter-draft.ts'
import { listConnections } from '../../store/connections/connections.ts'
import type { Database } from '../../store/database/database.ts'
import { jobsOf } from '../../store/people/jobs.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import { approvalsOf } from '../../store/publishing/approvals.ts'
import { type Draft, openDrafts } from '../../store/publishing/drafts.ts'
import { documentsInForce } from '../../store/publishing/publications.ts'
import { toldObjects } from '../../store/records/described-objects.ts'
import { titleOf } from './read-changes.ts'
import type { FirstStepsReply } from './try-types.ts'

/** How far this installation is from its first workflow, and what is still missing. */
export async function readFirstSteps(db: Database): Promise<FirstStepsReply> {
  const inForce = inForceOf(await documentsInForce(db))
  const isDone = [...inForce.documents.keys()].some((document) => workflowOf(document) !== null)
  const connections = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
  const told = await toldObjects(db)
  const drafts = (await openDrafts(db)).filter(({ document }) => workflowOf(document) !== null)
  const [draft] = isDone ? [] : drafts
  const watched = new Set([...inForce.documents.values(), ...drafts].flatMap(crmsOf))
  return {
    isDone,
    connections: connections.map((connection) => ({
      id: connection.id,
      title: connection.title,
      isImporting: !connection.baseline.done,
      isRead: isDescribed(connection, told),
      isWatched: watched.has(connection.crm),
    })),
    draft: draft === undefined ? null : await draftSteps(db, draft, inForce),
  }
}

/** Of a document that is no workflow, or has mistakes: none. */
function crmsOf({ content }: { readonly content: unknown }): string[] {
  const { objects = [] } = (content ?? {}) as { readonly objects?: readonly { readonly crm: string }[] }
  return objects.map(({ crm }) => crm)
}

async function draftSteps(db: Database, draft: Draft, inForce: InForce): Promise<FirstStepsReply['draft']> {
  const { id, document, content, hash, state, authors } = draft
  const workflow = workflowOf(document)!
  const held = (await lanesHeld(db, [workflow])).filter((one) => one.workflow === workflow)
  const boundary = new Set(
    held.filter(({ lane, role }) => lane === 'boundary' && role !== 'delegate').map(({ personId }) => personId),
  )
  const offered = (await jobsOf(db, { workflow, openOnly: true })).filter((job) => job.state === 'offered')
  const approvals = hash === null ? [] : await approvalsOf(db, id, hash)
  const needed = hash === null ? null : await neededNow(db, draft, inForce)
  const others = new Set(
    held.map(({ personId }) => personId).filter((one) => authors !== null && !authors.includes(one)),
  )
  return {
    id,
    title: titleOf(document, content),
    workflow,
    hasErrors: hash === null,
    wasTried: await wasTried(db, document, id),
    hasBoundary: boundary.size > 0,
    hasSecond:
      (needed !== null && Number.isFinite(needed.count)) ||
      others.size > 1 ||
      [...others].some((one) => !boundary.has(one)),
    offered: offered.length,
    approvals: approvals.length,
    isApproved: state !== 'draft',
  }
}

async function wasTried(db: Database, document: string, id: number): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ledger where kind = 'draft-tried' and subject = ${document} and (body::jsonb ->> 'draft')::bigint = ${id} limit 1`.execute(
    db,
  )
  return rows.length > 0
}
