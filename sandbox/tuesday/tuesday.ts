import type { Label } from '../world/records/world.ts'
import { blankFields, mendThings, mergeAndDelete, noise } from './afternoon.ts'
import { arrivals, originals } from './morning.ts'
import { admitFight, enterDuplicates, flip, leaver, redraw, somebodyLeaves } from './noon.ts'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { enterWorkplace } from './workplace.ts'

/**
 * Salesforce stores times in whole seconds, so a record that must be newer than another is created a full second
 * later.
 */
const A_SECOND_AND_MORE_MS = 1_200

export type Tuesday = {
  readonly changes: number
  /** The defects made today. The CRMs' labels include them. */
  readonly labels: readonly Label[]
  /** This morning's defects that people fixed today. */
  readonly mended: readonly Label[]
}

/**
 * A messy Tuesday at Brightwater, played through both CRMs' public APIs as different users. New records are complete,
 * because a blank field within its grace period is not a defect yet. Each defect affects only its own records, at any
 * time of the day.
 */
export async function playTuesday({
  hubspot,
  salesforce,
  seed = 2,
  onStep = () => {},
}: SandboxAddresses & {
  readonly seed?: number
  readonly onStep?: (step: string, changes: number) => void
}): Promise<Tuesday> {
  const work = await enterWorkplace({ hubspot, salesforce }, seed)
  const step = (title: string) => onStep(title, work.changes())
  let turnedAtMs = 0
  async function secondTurns(): Promise<void> {
    const waitMs = turnedAtMs + A_SECOND_AND_MORE_MS - Date.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    turnedAtMs = Date.now()
  }

  step('the web form and the trade-fair list bring new people')
  await arrivals(work)
  const known = await originals(work)
  const newcomer = await leaver(work)
  turnedAtMs = Date.now()

  step('two automations begin to fight over owners')
  await secondTurns()
  await flip(work, known.fought, 'away')
  step('people are entered a second time')
  await enterDuplicates(work, known)

  await secondTurns()
  await flip(work, known.fought, 'back')
  step('territories are re-drawn for some accounts')
  await redraw(work)

  await secondTurns()
  await flip(work, known.fought, 'away')
  await admitFight(work, known.fought)
  step('fields get lost, colleagues edit this and that')
  await blankFields(work)
  await noise(work)

  await secondTurns()
  await flip(work, known.fought, 'back')
  step('somebody leaves')
  await somebodyLeaves(work, newcomer)

  step('people fix, merge and delete some records')
  const mended = [...(await mendThings(work)), ...(await mergeAndDelete(work))]
  step('the day is over')
  return { changes: work.changes(), labels: work.labels, mended }
}
