import type { AccessCheck, AccessFindings } from '../../../model/record/crm-facts.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import { checkLimits } from './limits-access.ts'
import { checkObjects } from './object-access.ts'
import { type AccessContext, type Ask, answerOf } from './probes.ts'
import { PEOPLE_PROBES, TASK_PROBES } from './record-probes.ts'
import { checkStream } from './stream-access.ts'
import { checkTerritories } from './territory-access.ts'

/** Tries everything that we need of an org, one by one, by real calls. None of them writes. */
export async function checkAccess(
  context: AccessContext,
  needs: AccessNeeds,
  onCheck: (check: AccessCheck) => void,
): Promise<AccessFindings> {
  const checks: AccessCheck[] = []
  const ask: Ask = async (question, run) => {
    const check = await answerOf(question, run)
    checks.push(check)
    onCheck(check)
    return check.state
  }

  // Throws when the org cannot be asked at all: then there is no list to show, only one thing to fix.
  const identity = await context.identify()
  await ask(
    {
      id: 'identify',
      title: 'Identify the org and our user',
      need: 'required',
      costs: 'You cannot connect the org.',
      grant: '',
    },
    async () => {},
  )
  const objects = await checkObjects(context, needs, ask)
  for (const probe of [...TASK_PROBES, ...PEOPLE_PROBES]) await ask(probe, () => probe.run(context))
  const streamSlots = await checkStream(context, needs, ask)
  const limits = await checkLimits(context, ask)
  await checkTerritories(context, ask)
  return { identity, checks, objects, limits, streamSlots }
}
