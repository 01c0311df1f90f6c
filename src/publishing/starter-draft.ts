import type { Actor } from '../model/authority/acts.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import { baselineObjects, objectShape } from '../model/record/object-shape.ts'
import { requireMay } from '../people/permitted.ts'
import { type ConnectionRow, findConnection, listConnections } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { listUsers } from '../store/decisions/people.ts'
import { openDrafts } from '../store/publishing/drafts.ts'
import { type DocumentName, documentsInForce } from '../store/publishing/publications.ts'
import { describedObjects, toldObjects } from '../store/records/described-objects.ts'
import { inForceOf } from './documents.ts'
import { makeDraft } from './edit-draft.ts'
import { PublishingError } from './errors.ts'
import { type ReadObject, starterCalendar, starterText, starterWorkflow } from './starter-text.ts'

/**
 * A draft to begin with, made from what was read of this connection. Whoever takes it is its author until somebody edits it. An
 * admin's, with a sign-in of their own: it is the first thing that would make cases here.
 */
export async function takeStarter(
  db: Database,
  actor: Actor,
  connectionId: ConnectionId,
): Promise<{ readonly id: number; readonly calendarId: number | null }> {
  await requireMay(db, actor, 'connect', { about: connectionId })
  const connection = await findConnection(db, connectionId)
  if (connection === null || connection.status === 'disconnected') {
    throw new PublishingError('not-connected', 'This CRM is no longer connected. Reload the page.')
  }
  const document: DocumentName = `workflow:${starterWorkflow(connection.crm)}`
  const inForce = inForceOf(await documentsInForce(db))
  await refuseSecond(db, document, inForce.documents.has(document))
  const source = isDescribed(connection, await toldObjects(db)) ? await textFor(db, connection) : null
  if (source === null) {
    const message = `Lanekeeper has not read what ${connection.title} consists of yet. Take the draft when the import has come to each of its objects, which takes a few minutes in a large CRM.`
    throw new PublishingError('nothing-read', message)
  }
  const id = await makeDraft(db, actor, { document, source })
  return { id, calendarId: await calendarDraft(db, actor, connectionId, inForce.documents.has('company:calendar')) }
}

/** What a first draft may watch: everything that is imported but tasks. */
export function starterObjects(crm: Crm): readonly string[] {
  return baselineObjects(crm).filter((objectType) => objectShape(crm, objectType)?.about !== 'task')
}

/** Whether the import has come to each object that a first draft may watch. `told`: see `toldObjects`. */
export function isDescribed(
  { id, crm, baseline }: Pick<ConnectionRow, 'id' | 'crm' | 'baseline'>,
  told: ReadonlySet<string>,
): boolean {
  return baseline.done || starterObjects(crm).every((objectType) => told.has(`${id}/${objectType}`))
}

async function refuseSecond(db: Database, document: DocumentName, isInForce: boolean): Promise<void> {
  const open = (await openDrafts(db)).find((draft) => draft.document === document)
  if (open !== undefined) {
    throw new PublishingError('under-way', `Draft ${open.id} is this workflow already. Edit it, or withdraw it first.`)
  }
  if (isInForce) {
    throw new PublishingError('under-way', 'This workflow is in force. Change it with a draft on the page Changes.')
  }
}

/** Objects of every connected CRM that were read: an owner of the same person may be in another one. */
async function textFor(db: Database, connection: ConnectionRow): Promise<string | null> {
  const read = new Map<string, ReadObject>()
  const others = (await listConnections(db)).filter(
    ({ id, status }) => id !== connection.id && status !== 'disconnected',
  )
  for (const { id, crm } of [connection, ...others]) {
    const { objects } = await describedObjects(db, id)
    const byType = new Map(objects.map((one) => [one.objectType, one]))
    for (const objectType of starterObjects(crm)) {
      const found = byType.get(objectType)
      if (found === undefined || read.has(`${crm}.${objectType}`)) continue
      read.set(`${crm}.${objectType}`, {
        crm,
        objectType,
        fields: found.fields.filter(({ name }) => !found.skip.has(name)),
      })
    }
  }
  const today = new Date(await databaseNowMs(db)).toISOString().slice(0, 10)
  const users = (await activePeople(db, connection.id)).length
  return starterText(connection.crm, [...read.values()], { today, users })
}

/** Null: there is a calendar, or a draft of one, or no user has a time zone. */
async function calendarDraft(db: Database, actor: Actor, id: ConnectionId, isThere: boolean): Promise<number | null> {
  if (isThere || (await openDrafts(db)).some(({ document }) => document === 'company:calendar')) return null
  const source = starterCalendar((await activePeople(db, id)).map(({ timeZone }) => timeZone))
  return source === null ? null : makeDraft(db, actor, { document: 'company:calendar', source })
}

async function activePeople(db: Database, connectionId: ConnectionId) {
  const users = (await listUsers(db)).filter((user) => user.connectionId === connectionId)
  return users.filter(({ kind, active, standing, integration, frozen }) => {
    return kind === 'person' && active && standing !== 'gone' && integration !== true && frozen !== true
  })
}
