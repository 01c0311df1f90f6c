import { linkedEmails, NO_COMPANY_PEOPLE } from '../../model/record/company-people.ts'
import { namedPerson, type RuleOwner } from '../../model/rules/condition.ts'
import { renderConditions, renderOwner } from '../../model/rules/render.ts'
import type { Database } from '../../store/database/database.ts'
import { versionInForce } from '../../store/decisions/policies.ts'
import { usersByEmail } from './read-users.ts'
import type { BranchView, RulesReply } from './rules-types.ts'

/** Every branch with its rules as a table that a person can check. Null: no version of the workflow runs. */
export async function readRules(db: Database, workflow: string): Promise<RulesReply | null> {
  const stored = await versionInForce(db, workflow)
  if (stored === null) return null
  const { boundary, people = NO_COMPANY_PEOPLE } = stored.version.policy
  const named = boundary.flatMap(({ rules }) => rules.flatMap(({ owner }) => namedPerson(owner) ?? []))
  const users = await usersByEmail(
    db,
    named.flatMap((email) => linkedEmails(people, email)),
  )
  const ownerOf = (owner: RuleOwner): BranchView['rules'][number]['owner'] => {
    const email = namedPerson(owner)
    if (email === null) return { name: renderOwner(owner), isGone: false }
    const known = linkedEmails(people, email).flatMap((one) => users.get(one) ?? [])
    const active = known.find((user) => user.active)
    return { name: (active ?? known[0])?.name ?? email, isGone: active === undefined }
  }
  return {
    branches: boundary.map(({ branch, mode, when, because, rules }) => ({
      branch,
      mode,
      takes: renderConditions(when),
      because,
      rules: rules.map((rule) => ({
        rule: rule.id,
        when: renderConditions(rule.when),
        owner: ownerOf(rule.owner),
        because: rule.because,
      })),
    })),
  }
}
