import { sql } from 'kysely'
import { comparedCrms } from '../../model/patterns/contract/counterparts.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { Database } from '../../store/database/database.ts'
import type { WorkflowView } from './workflow-types.ts'

type Standing = WorkflowView['standing'][number]

type ConnectionNow = {
  readonly id: string
  readonly crm: string
  readonly title: string
  readonly status: string
  readonly isJoined: boolean
}

export type Connections = {
  readonly all: readonly ConnectionNow[]
  /** By workflow and connection: what it waits for before it begins there. */
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
}

export async function readConnectionsNow(db: Database): Promise<Connections> {
  const { rows: all } = await sql<ConnectionNow>`
    select id, crm, title, status, joined_at is not null as "isJoined" from connection
    where status <> 'disconnected' order by title, id`.execute(db)
  const { rows } = await sql<{ id: string; workflow: string; waitsFor: string[] }>`
    select connection_id as id, workflow, waits_for as "waitsFor" from workflow_connection
    where began_at is null and waits_for <> '{}'`.execute(db)
  return { all, waitsFor: new Map(rows.map(({ id, workflow, waitsFor }) => [`${workflow}/${id}`, waitsFor])) }
}

/** What a workflow does not do yet in each of its connections, and does not compare with yet. Empty: nothing is left out. */
export function standingOf(workflow: string, policy: Policy, { all, waitsFor }: Connections): Standing[] {
  const compared = comparedCrms(policy)
  const own = all.filter(({ crm }) => policy.objects.some((object) => object.crm === crm))
  const late = all.filter(({ crm, isJoined }) => !isJoined && compared.has(crm))
  const standing: Standing[] = []
  for (const connection of own) {
    const missing = all.filter(({ id }) => waitsFor.get(`${workflow}/${connection.id}`)?.includes(id))
    if (!connection.isJoined)
      standing.push(waiting(connection, `Its first import is not done.${remedyOf([connection])}`))
    else if (missing.length > 0) {
      standing.push(
        waiting(connection, `It compares with ${titles(missing)}, whose import is not done.${remedyOf(missing)}`),
      )
    }
  }
  if (late.length > 0 && own.some(({ id, isJoined }) => isJoined && !waitsFor.has(`${workflow}/${id}`))) {
    for (const { id, title } of late) {
      standing.push({
        connectionId: id,
        title,
        state: 'compares-later',
        says: `Compares with ${title} from the end of its import.`,
      })
    }
  }
  return standing
}

function waiting({ id, title }: ConnectionNow, why: string): Standing {
  return {
    connectionId: id,
    title,
    state: 'waits',
    says: `Waits in ${title}: ${why.charAt(0).toLowerCase()}${why.slice(1)}`,
  }
}

function remedyOf(missing: readonly ConnectionNow[]): string {
  const broken = missing.filter(({ status }) => status === 'reconnect-needed')
  return broken.length === 0 ? '' : ` Connect ${titles(broken)} again, or disconnect it.`
}

function titles(connections: readonly ConnectionNow[]): string {
  return connections.map(({ title }) => title).join(' and ')
}
