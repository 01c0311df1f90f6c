import { companyDirectory, mergePeople } from '../../model/people/company-directory.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { confirmedUsers } from '../../model/people/job-holder.ts'
import type { Directory } from '../../model/record/crm-user.ts'
import type { Database } from '../../store/database/database.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { peopleInForce } from '../../store/decisions/policies.ts'
import { holdersInForce } from '../../store/people/staff-rows.ts'

/**
 * Whom a task is for, by any e-mail that the policies in force or people link; of somebody with a job, the user whom they
 * confirmed. Without open tasks: nobody is chosen here.
 */
export async function readDirectory(db: Database): Promise<Directory> {
  const users = buildDirectory(await listUsers(db), new Map())
  return confirmedUsers(companyDirectory(users, mergePeople(await peopleInForce(db))), await holdersInForce(db))
}
