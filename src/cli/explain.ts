import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nearestName } from '../config/nearest-name.ts'
import { type LoadedPolicy, loadPolicies, type RefusedPolicy } from '../config/policy-files.ts'
import { readSettings } from '../config/settings.ts'
import { explainPolicy } from '../model/decision/explain-policy.ts'
import { together } from '../model/rules/render.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { mistakeLines } from './terminal/policy-mistakes.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `explain WORKFLOW|FILE [FOLDER]

Says in plain English what a workflow does, who owns which job, and how each case is decided. FOLDER: the configuration;
otherwise LANEKEEPER_CONFIG_DIR, or the one that comes with Lanekeeper.

Exit code 0: done. 1: there is no such workflow, or its file has a mistake. 64: the command was not understood.`

/** Answers the exit code. */
export function runExplain(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const run = ({ words }: Given<Record<never, never>>) => explain(words, environment, streams)
  return runCommand({ help: HELP, options: {}, words: 2, run }, args, streams)
}

function explain(
  [wanted, folder]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): number {
  if (wanted === undefined) throw new UsageError('Say which workflow, by its name or its file')
  const isFile = /\.ya?ml$/.test(wanted)
  const dir = folder ?? (isFile ? dirname(dirname(resolve(wanted))) : readSettings(environment).configDir)
  if (!existsSync(join(dir, 'workflows'))) {
    throw new UsageError(`There is no folder ${join(dir, 'workflows')}: give the configuration folder as second word`)
  }
  const { loaded, refused } = loadPolicies(dir)
  const isWanted = (file: string, workflow: string | null) =>
    isFile ? resolve(file) === resolve(wanted) : workflow === wanted
  const policy = loaded.find(({ file, version }) => isWanted(file, version.policy.workflow))
  if (policy !== undefined) {
    stdout.write(explainPolicy(policy.version))
    return 0
  }
  stderr.write(whyNot(wanted, loaded, refused, isWanted))
  return 1
}

function whyNot(
  wanted: string,
  loaded: readonly LoadedPolicy[],
  refused: readonly RefusedPolicy[],
  isWanted: (file: string, workflow: string | null) => boolean,
): string {
  const mistakes = refused.filter(({ file, workflow }) => isWanted(file, workflow))
  if (mistakes.length === 0) {
    const known = loaded.map(({ version }) => version.policy.workflow)
    const meant = nearestName(wanted, known)
    if (meant === undefined) return `There is no workflow "${wanted}", and no other one there.\n`
    return `There is no workflow "${wanted}"; did you mean "${meant}"? There ${known.length === 1 ? 'is' : 'are'} ${together(known)}.\n`
  }
  // A mistake in a shared file explains itself beside the workflow that it stops.
  const shared = refused.filter(({ workflow, file }) => workflow === null && !mistakes.some((m) => m.file === file))
  return mistakeLines([...mistakes, ...shared])
    .map((line) => `${line}\n`)
    .join('')
}

if (import.meta.main) await runAsProgram(runExplain)
