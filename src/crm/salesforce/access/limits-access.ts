import { z } from 'zod'
import type { AccessFindings } from '../../../model/record/crm-facts.ts'
import { AccessAnswer, type AccessContext, type Ask, type Question, VIEW_SETUP } from './probes.ts'

const Limit = z.object({ Max: z.number(), Remaining: z.number() }).nullable().catch(null)
const LimitsAnswer = z.object({ DailyApiRequests: Limit, DailyDeliveredPlatformEvents: Limit })

const LIMITS: Question = {
  id: 'limits',
  title: "Read the org's limits",
  need: 'optional',
  costs:
    'Lanekeeper does not know in advance how many change events the org may still receive; it counts API calls all the same.',
  grant: VIEW_SETUP,
}

/** What is left of the org's day: API calls, and change events that may still be delivered. */
export async function checkLimits(context: AccessContext, ask: Ask): Promise<AccessFindings['limits']> {
  const read: { limits?: z.output<typeof LimitsAnswer> | undefined } = {}
  await ask(LIMITS, async () => {
    read.limits = LimitsAnswer.safeParse(await context.call.read((org) => org.limits())).data
  })
  const delivered = read.limits?.DailyDeliveredPlatformEvents
  if (delivered) {
    await ask(deliveryQuestion(delivered.Remaining, delivered.Max), async () => {
      if (delivered.Remaining === 0) throw new AccessAnswer('the allowance of the last 24 hours is spent')
    })
  }
  const calls = read.limits?.DailyApiRequests
  // Every answer carries the same figure in a header, which needs no permission.
  const usage = context.usage()
  if (!calls && !usage) return null
  return {
    usedToday: calls ? calls.Max - calls.Remaining : usage!.usedToday,
    limitToday: calls ? calls.Max : usage!.limitToday,
    resets: 'rolling 24 hours',
    window: null,
  }
}

function deliveryQuestion(remaining: number, max: number): Question {
  return {
    id: 'stream-allowance',
    title: `Change events that the org may still receive today: ${remaining.toLocaleString('en-US')} of ${max.toLocaleString('en-US')}`,
    need: 'needed',
    costs: 'The stream pauses until the allowance comes back over 24 hours; until then Lanekeeper polls for changes.',
    grant: 'Ask Salesforce for a larger allowance of delivered events, or end other subscribers: all of them share it.',
  }
}
