import '../../crm/profiles.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadPolicies, type RefusedPolicy } from '../../config/policy-files.ts'
import { SettingsError } from '../../config/settings.ts'

/** One line per mistake, with the place where a person has to look. */
export function mistakeLines(refused: readonly RefusedPolicy[]): string[] {
  return refused.flatMap(({ file, errors }) =>
    errors.map(({ line, column, field, message }) =>
      `${file}:${line}:${column} ${field} ${message}`.replace('  ', ' '),
    ),
  )
}

/**
 * What a start says of the policies that do not load: each mistake, and what becomes of the workflow. Throws where there is
 * no folder with policies at all.
 */
export function refusedAtStart(configDir: string): string[] {
  const folder = join(configDir, 'workflows')
  if (!existsSync(folder)) {
    throw new SettingsError([`LANEKEEPER_CONFIG_DIR: there is no folder ${folder} with the workflows`])
  }
  const { refused } = loadPolicies(configDir)
  if (refused.length === 0) return []
  const names = refused.flatMap(({ workflow }) => (workflow === null ? [] : [workflow]))
  const which = names.length === 0 ? 'No workflow is' : `${names.join(', ')}:`
  const what = names.length === 0 ? 'taken from these files' : 'nothing is decided'
  return [
    'These policies do not load:',
    ...mistakeLines(refused).map((line) => `  ${line}`),
    `${which} ${what} until the mistake is corrected and Lanekeeper is started again; open cases stay as they are.`,
    '',
  ]
}
