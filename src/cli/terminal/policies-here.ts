import { loadPolicies } from '../../config/policies/policy-files.ts'
import type { Settings } from '../../config/settings/settings.ts'
import type { Policy } from '../../model/policy/policy.ts'
import { policiesOf } from '../../pipeline/decide/publish-policies.ts'
import { type Database, openDatabase } from '../../store/database/database.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { findRunningInstance } from '../stack/running-instance.ts'

/** What is in force here, and what the files of a named folder say beside it: they wait as drafts. */
export async function policiesHere(db: Database, { configDir }: Pick<Settings, 'configDir'>): Promise<Policy[]> {
  const inForce = (await policiesInForce(db)).map(({ policy }) => policy)
  const names = new Set(inForce.map(({ workflow }) => workflow))
  return [...inForce, ...inFiles(configDir).filter(({ workflow }) => !names.has(workflow))]
}

/** The same for a command that also works where nothing runs: then the files alone, and none without a folder. */
export async function policiesOfSettings(settings: Settings): Promise<Policy[]> {
  if (settings.configDir !== null) return inFiles(settings.configDir)
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') return []
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-policies' })
  return policiesHere(db, settings).finally(() => db.destroy())
}

function inFiles(configDir: string | null): Policy[] {
  return configDir === null ? [] : policiesOf(loadPolicies(configDir))
}
