import { isAbsentObject } from '../rest/schemas.ts'
import { type AccessContext, type Ask, readOne, VIEW_SETUP } from './probes.ts'

export async function checkTerritories({ call }: AccessContext, ask: Ask): Promise<void> {
  let used = true
  const run = async () => {
    try {
      await readOne(call, 'Territory2Model')
    } catch (error) {
      // The object exists only where the feature is on.
      if (!isAbsentObject(error)) throw error
      used = false
      return
    }
    // An org may show its territories and hide their members.
    await readOne(call, 'ObjectTerritory2Association')
  }
  // Tried before the question is put, because the title of the question depends on it.
  const tried = await run().then(
    () => null,
    (error: unknown) => ({ error }),
  )
  await ask(
    {
      id: 'territories',
      title: used ? 'Read territories and their assignments' : 'Territory Management is not used in this org',
      need: 'optional',
      costs:
        "Lanekeeper cannot compare the CRM's territories with the territory table, and a policy's answer about @territories is unknown.",
      grant: VIEW_SETUP.replace('View Setup', 'Manage Territories or View Setup'),
    },
    async () => {
      if (tried) throw tried.error
    },
  )
}
