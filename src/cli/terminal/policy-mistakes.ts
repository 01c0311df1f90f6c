import '../../crm/profiles.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { loadPolicies, type RefusedPolicy } from '../../config/policies/policy-files.ts'
import { SettingsError } from '../../config/settings/settings.ts'
import { versionText } from '../../model/policy/version-text.ts'
import type { Database } from '../../store/database/database.ts'
import { runningVersions } from '../../store/decisions/running-versions.ts'

/** One line per mistake, with the place where a person has to look. */
export function mistakeLines(refused: readonly RefusedPolicy[]): string[] {
  return refused.flatMap(({ file, errors }) =>
    errors.map(({ line, column, field, message }) =>
      `${file}:${line}:${column} ${field} ${message}`.replace('  ', ' '),
    ),
  )
}

/**
 * What a start says of the policies that do not load, before anything runs: each mistake. Throws where there is no folder
 * with policies at all.
 */
export function refusedAtStart(configDir: string): string[] {
  const folder = join(configDir, 'workflows')
  if (!existsSync(folder)) {
    throw new SettingsError([`LANEKEEPER_CONFIG_DIR: there is no folder ${folder} with the workflows`])
  }
  const { refused, doubtful } = loadPolicies(configDir)
  const doubts =
    doubtful.length === 0
      ? []
      : ['These rules contradict the territory table:', ...mistakeLines(doubtful).map((line) => `  ${line}`), '']
  if (refused.length === 0) return doubts
  return [
    ...doubts,
    'These policies do not load:',
    ...mistakeLines(refused).map((line) => `  ${line}`),
    'The last good version of each keeps running, where there is one. Fix the file and start again.',
    '',
  ]
}

/** Rules that ask for what a connected CRM does not have, each with its place and what to write. */
export async function misfitLines(db: Database): Promise<string[]> {
  const { rows } = await sql<{ says: string }>`
    select distinct concat_ws(' ', n.message, n.remedy) as says
    from notice n join connection c on c.id = n.connection_id and c.status <> 'disconnected'
    where n.code = 'policy-misfit' and n.ended_at is null order by says`.execute(db)
  return rows.map(({ says }) => says)
}

/** Once the workers run: what became of each workflow whose file was refused. */
export async function keptVersions(db: Database): Promise<string[]> {
  const refused = [...(await runningVersions(db)).values()].filter(({ isFileRefused }) => isFileRefused)
  return refused.map(({ workflow, version }) =>
    version === null
      ? `${workflow} does not run: its file has errors, and there is no earlier version that can. Its open cases stay as they are.`
      : `${workflow}: its file has errors; ${versionText(version)} keeps running.`,
  )
}
