import { setTimeout as wait } from 'node:timers/promises'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type CrmOfProof, openClient, startHubSpot, startSalesforce } from './crms.ts'
import { oneRun, type Place, type Plan } from './one-run.ts'
import { connect } from './rows.ts'

export type Proof = {
  /** Runs by how their worker was ended. */
  readonly ends: Record<'abandoned' | 'SIGKILL' | 'SIGSTOP', number>
  /** A line for each run that broke an invariant. */
  readonly broken: string[]
}

/**
 * Runs the plans of each place one after the other, and the places beside each other: a run mostly waits. `placesEach`
 * sandboxes of each kind: HubSpot and Salesforce, with and without enforced keys.
 */
export async function prove(
  placesEach: number,
  plansOf: (place: number, places: number) => readonly Plan[],
): Promise<Proof> {
  const proof: Proof = { ends: { abandoned: 0, SIGKILL: 0, SIGSTOP: 0 }, broken: [] }
  const places: (Place & { readonly test: TestDatabase })[] = []
  try {
    for (let n = 0; n < placesEach; n += 1) {
      for (const keyed of [true, false]) {
        places.push(await openPlace(await startHubSpot(keyed)), await openPlace(await startSalesforce(keyed)))
      }
    }
    await Promise.all(places.map((place, n) => runAll(place, plansOf(n, places.length), proof)))
    return proof
  } finally {
    for (const { test } of places) await test.drop()
    // A call that is never answered keeps its sandbox from closing.
    await Promise.race([Promise.all(places.map(({ of }) => of.close())), wait(2_000)])
  }
}

async function runAll(place: Place, plans: readonly Plan[], { ends, broken }: Proof): Promise<void> {
  const { crm, keyed } = place.of.address
  for (const plan of plans) {
    let wrong: string[]
    try {
      wrong = await oneRun(place, plan)
    } catch (error) {
      wrong = [`it could not be run: ${error instanceof Error ? error.message : String(error)}`]
    }
    ends[plan.real ? (plan.end === 'kill' ? 'SIGKILL' : 'SIGSTOP') : 'abandoned'] += 1
    const where = `${crm} ${keyed ? 'with' : 'without'} enforced keys`
    if (wrong.length > 0) broken.push(`${JSON.stringify(plan)} ${where}: ${wrong.join('; ')}`)
  }
}

async function openPlace(of: CrmOfProof): Promise<Place & { readonly test: TestDatabase }> {
  const test = await testDatabase()
  const client = openClient(of.address)
  return { of, test, db: test.db, url: test.url, client, people: await connect(test.db, of, client) }
}
