import { companyDirectory, mergePeople } from '../../model/people/company-directory.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import type { Directory } from '../../model/record/crm-user.ts'
import type { Database } from '../../store/database/database.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { peopleInForce } from '../../store/decisions/policies.ts'

/** Whom a task is for, by any e-mail that the policies in force link. Without open tasks: nobody is chosen here. */
export async function readDirectory(db: Database): Promise<Directory> {
  return companyDirectory(buildDirectory(await listUsers(db), new Map()), mergePeople(await peopleInForce(db)))
}
