import type { AccessCheck, AccessFindings } from '../../../model/record/crm-facts.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import type { Portal } from '../portal/portal.ts'
import { answered, type GrantFacts } from './answer.ts'
import { objectChecks } from './object-checks.ts'
import { grantChecks, portalChecks } from './portal-checks.ts'

/** Tries everything that we need of a portal, one by one, by real calls that change nothing. */
export async function checkAccess(
  portal: Portal,
  grant: GrantFacts,
  needs: AccessNeeds,
  onCheck: (check: AccessCheck) => void,
): Promise<AccessFindings> {
  const checks: AccessCheck[] = []
  const report = (check: AccessCheck) => {
    checks.push(check)
    onCheck(check)
  }
  const objects: AccessFindings['objects'][number][] = []

  const identity = await portal.identify()
  report(IDENTIFIED)
  const trials = [
    ...grantChecks(grant, needs),
    ...needs.objects.flatMap((need) => objectChecks(portal, need, (found) => void objects.push(found))),
    ...portalChecks(portal, needs),
  ]
  for (const trial of trials) report(await answered(trial, grant.kind))
  report(webhookSignatures(grant))
  return { identity, checks, objects, limits: limitsOf(portal), streamSlots: null }
}

/** Without it there is nothing to check: `identify` throws. */
const IDENTIFIED: AccessCheck = {
  id: 'identify',
  title: 'Identify the HubSpot account',
  need: 'required',
  costs: 'Nothing can be connected.',
  state: 'works',
  grant: null,
  said: null,
}

function webhookSignatures({ hasClientSecret }: GrantFacts): AccessCheck {
  return {
    id: 'webhooks',
    title: 'Verify webhook signatures',
    state: hasClientSecret ? 'works' : 'missing',
    // An admin who leaves the secret empty has chosen polling.
    need: 'optional',
    costs: 'Changes are found by polling about once a minute instead of as they happen.',
    grant: hasClientSecret
      ? null
      : 'Enter the client secret from the Auth page of the HubSpot app. A service key has none, so it is polled.',
    said: null,
  }
}

function limitsOf(portal: Portal): AccessFindings['limits'] {
  const limits = portal.limits()
  if (limits === null) return null
  const { usedToday, limitToday, window = null } = limits
  return { usedToday, limitToday, resets: 'midnight of the account', window }
}
