import type { Database } from '../../src/store/database/database.ts'
import { confirmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import type { JobKey } from '../../src/store/people/jobs.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { jobHeld } from './jobs.ts'

/** A person who signs in by mail and has accepted these jobs; of review a CRM user would be needed too. */
export async function personWithJobs(
  db: Database,
  name: string,
  jobs: readonly (Partial<JobKey> & Pick<JobKey, 'lane'>)[] = [],
): Promise<PersonId> {
  const id = await createPerson(db, { name, madeBy: 'terminal' })
  const address = `${name.toLowerCase().replaceAll(' ', '.')}@x.example`
  await confirmIdentity(db, id, mailIdentity(address), { email: address, by: 'terminal' })
  for (const job of jobs) await jobHeld(db, id, job)
  await refreshLaneHolders(db, null)
  return id
}
