import { setTimeout as wait } from 'node:timers/promises'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type CrmOfProof, startHubSpot, startSalesforce } from './crms.ts'
import { beginRun, type Finished, oneRun } from './one-run.ts'
import { openClient } from './open-client.ts'
import { type OwnServer, startOwnServer } from './own-server.ts'
import type { Place, Plan } from './plan.ts'
import { connect } from './rows.ts'
import { endVictims } from './start-victim.ts'

export type Proof = {
  /** Runs by how their worker was ended. */
  readonly ends: Record<End, number>
  /** A line for each run that broke an invariant. */
  readonly broken: string[]
  /** Ends that came too late, of workers that were past their point; each was run again. */
  late: number
}

type End = 'abandoned' | 'SIGKILL' | 'SIGSTOP' | 'Postgres crash' | 'Postgres restart'

export function emptyProof(): Proof {
  const ends = { abandoned: 0, SIGKILL: 0, SIGSTOP: 0, 'Postgres crash': 0, 'Postgres restart': 0 }
  return { ends, broken: [], late: 0 }
}

type ProofPlan = {
  /** Sandboxes of each kind: HubSpot and Salesforce, with and without enforced keys. */
  readonly placesEach: number
  /** Of the `copy`th sandbox of a kind; `kind` counts the kinds. */
  readonly plansOf: (kind: number, copy: number) => readonly Plan[]
  /** Ends of the database, for each of which one run of each kind of sandbox stands at its point. */
  readonly databasePlans: readonly Plan[]
}

type OpenPlace = Place & { readonly test: TestDatabase }

/**
 * Runs the plans of each place one after the other, and the places beside each other: a run mostly waits. `proof` grows as
 * they end.
 */
export async function prove(plan: ProofPlan, proof: Proof = emptyProof()): Promise<Proof> {
  const places: OpenPlace[] = []
  const servers: OwnServer[] = []
  const ownServer = async (durable: boolean) => {
    const server = await startOwnServer({ durable })
    servers.push(server)
    return server
  }
  const open = async (serverUrl: string | undefined) => {
    const opened = await openPlaces(serverUrl)
    places.push(...opened)
    return opened
  }
  const runPlaces = async () => {
    const url = plan.placesEach > SHARED_PLACES_MAX ? (await ownServer(false)).url : undefined
    const opened: OpenPlace[] = []
    for (let copy = 0; copy < plan.placesEach; copy += 1) opened.push(...(await open(url)))
    const plansOf = (n: number) => plan.plansOf(n % PLACE_KINDS, Math.floor(n / PLACE_KINDS))
    await Promise.all(opened.map((place, n) => runAll(place, plansOf(n), proof)))
  }
  const runDatabase = async () => {
    if (plan.databasePlans.length === 0) return
    const server = await ownServer(true)
    const opened = await open(server.url)
    for (const one of plan.databasePlans) await endDatabase(server, opened, one, proof)
  }
  try {
    await Promise.all([runDatabase(), runPlaces()])
    return proof
  } finally {
    await endVictims()
    await Promise.all(places.map(({ test }) => test.drop().catch(() => undefined)))
    // A call that is never answered keeps its sandbox from closing.
    await Promise.race([Promise.all(places.map(({ of }) => of.close())), wait(2_000)])
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** More would need more connections than the server of the tests has for one. */
const SHARED_PLACES_MAX = 1
const TRIES_MAX = 8

async function runAll(place: Place, plans: readonly Plan[], proof: Proof): Promise<void> {
  for (const plan of plans) {
    const end = plan.real ? (plan.end === 'kill' ? 'SIGKILL' : 'SIGSTOP') : 'abandoned'
    for (let tries = 1; ; tries += 1) {
      const finished = await oneRun(place, plan).catch(couldNotRun)
      if (note(proof, { place, plan, finished, end }) || tries === TRIES_MAX) break
    }
  }
}

/** All places stand at the point of the plan, then the database ends under all of them. */
async function endDatabase(server: OwnServer, all: readonly Place[], plan: Plan, proof: Proof): Promise<void> {
  const end = plan.end === 'crash' ? 'Postgres crash' : 'Postgres restart'
  let places = all
  for (let tries = 1; places.length > 0 && tries <= TRIES_MAX; tries += 1) {
    const standing = await Promise.all(places.map((place) => beginRun(place, plan).catch(couldNotRun)))
    if (plan.end === 'crash') await server.crash()
    else await server.restart(async () => void (await Promise.all(standing.map((run) => 'goOn' in run && run.goOn()))))
    const ended = await Promise.all(
      standing.map(async (run, n) => {
        const finished = 'wrong' in run ? run : await run.finish().catch(couldNotRun)
        return note(proof, { place: places[n]!, plan, finished, end })
      }),
    )
    places = places.filter((_, n) => !ended[n])
  }
}

function couldNotRun(error: unknown): Finished {
  return { wrong: [`it could not be run: ${error instanceof Error ? error.message : String(error)}`], wasThere: true }
}

type Noted = { readonly place: Place; readonly plan: Plan; readonly finished: Finished; readonly end: End }

/** Returns whether it was a crash at its point. What one that came too late broke counts all the same. */
function note(proof: Proof, { place, plan, finished: { wrong, wasThere }, end }: Noted): boolean {
  const { crm, keyed } = place.of.address
  const where = `${crm} ${keyed ? 'with' : 'without'} enforced keys`
  if (wrong.length > 0) proof.broken.push(`${JSON.stringify(plan)} ${where}: ${wrong.join('; ')}`)
  if (wasThere) proof.ends[end] += 1
  else proof.late += 1
  return wasThere
}

/** HubSpot and Salesforce, with and without enforced keys. */
async function openPlaces(ownServer: string | undefined): Promise<OpenPlace[]> {
  return [
    await openPlace(await startHubSpot(true), ownServer),
    await openPlace(await startSalesforce(true), ownServer),
    await openPlace(await startHubSpot(false), ownServer),
    await openPlace(await startSalesforce(false), ownServer),
  ]
}

export const PLACE_KINDS = 4

async function openPlace(of: CrmOfProof, ownServer: string | undefined): Promise<OpenPlace> {
  const test = await testDatabase(ownServer)
  const client = openClient(of.address)
  return { of, test, db: test.db, url: test.url, client, people: await connect(test.db, of, client) }
}
