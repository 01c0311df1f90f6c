import { CrmRefusedError } from '../../src/crm/crm-client.ts'
import type { CrmTerritories } from '../../src/crm/crm-territories.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { syncTerritories, TERRITORIES_EVERY_MS } from '../../src/pipeline/read/sync-territories.ts'
import { ASSIGNMENTS_EVERY_MS, syncAssignments } from '../../src/pipeline/read/sync-territory-assignments.ts'
import type { ConnectionRow } from '../../src/store/connections/connections.ts'
import type { WorkerContext } from '../runtime/context.ts'

/** What no feed carries about a CRM's territories, each read at most once in a while per process. */
export type TerritoryReadings = {
  /** Compares the CRM's territories with the territory table. */
  compare(reading: Reading): Promise<void>
  /** Reads which records are assigned to which territory, where a policy asks. */
  follow(reading: Reading): Promise<void>
}

type Reading = {
  readonly connection: ConnectionRow
  readonly territories: CrmTerritories
  readonly onPage: () => void
  readonly signal: AbortSignal
}

export function territoryReadings(context: WorkerContext): TerritoryReadings {
  return {
    compare: rarely(context, {
      what: 'territories',
      everyMs: TERRITORIES_EVERY_MS,
      read: (reading) => compareTerritories(context, reading),
    }),
    follow: rarely(context, {
      what: 'assignments to territories',
      everyMs: ASSIGNMENTS_EVERY_MS,
      read: (reading) => followAssignments(context, reading),
    }),
  }
}

/** A CRM that refuses to show this is logged; the poll goes on. */
function rarely(
  { nowMs, logger }: WorkerContext,
  { what, everyMs, read }: { what: string; everyMs: number; read: (reading: Reading) => Promise<unknown> },
) {
  const readAtMs = new Map<string, number>()
  return async (reading: Reading): Promise<void> => {
    const { id } = reading.connection
    if (nowMs() - (readAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < everyMs) return
    readAtMs.set(id, nowMs())
    try {
      await read(reading)
    } catch (error) {
      if (!(error instanceof CrmRefusedError)) throw error
      logger.info({ connectionId: id, err: error }, `${what} cannot be read`)
    }
  }
}

async function compareTerritories(
  { db, workflows }: WorkerContext,
  { connection, territories }: Reading,
): Promise<void> {
  const table = new Map(
    (await workflows()).flatMap(({ version }) => version.policy.territories.map((t) => [t.territory, t])),
  )
  await syncTerritories({ db, connection, territories: territories.list, table: [...table.values()] })
}

async function followAssignments({ db, fieldsOf }: WorkerContext, reading: Reading): Promise<void> {
  const { connection, territories, onPage, signal } = reading
  const { crm } = connection
  const objects = crmProfile(crm).territoryObjects.filter((object) => fieldsOf(crm, object).ours.length > 0)
  await syncAssignments({ db, connection, assignments: territories.assignments, objects, onPage, signal })
}
