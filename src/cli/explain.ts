import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { slipOf } from '../config/nearest-name.ts'
import { type LoadedPolicy, loadPolicies, type RefusedPolicy } from '../config/policies/policy-files.ts'
import { EXAMPLES, readSettings } from '../config/settings/settings.ts'
import { explainPolicy } from '../model/decision/explain-policy.ts'
import { together } from '../model/rules/render.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { mistakeLines } from './terminal/policy-mistakes.ts'
import { readRunningNow } from './terminal/running-now.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `explain WORKFLOW|FILE [FOLDER]

Says in plain English what a workflow does, who owns which job, how each case is decided, and whether it runs now. FOLDER:
the configuration; otherwise LANEKEEPER_CONFIG_DIR, or the examples that come with Lanekeeper.

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

async function explain(
  [wanted, folder]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  if (wanted === undefined) throw new UsageError('Say which workflow, by its name or its file')
  const isFile = /\.ya?ml$/.test(wanted)
  const settings = readSettings(environment)
  const dir = folder ?? (isFile ? dirname(dirname(resolve(wanted))) : (settings.configDir ?? EXAMPLES))
  if (!existsSync(join(dir, 'workflows'))) {
    throw new UsageError(`There is no folder ${join(dir, 'workflows')}: give the configuration folder as second word`)
  }
  const { loaded, refused, doubtful } = loadPolicies(dir)
  const isWanted = (file: string, workflow: string | null) =>
    isFile ? resolve(file) === resolve(wanted) : workflow === wanted
  const policy = loaded.find(({ file, version }) => isWanted(file, version.policy.workflow))
  const mistaken = refused.find(({ file, workflow }) => isWanted(file, workflow))
  if (policy === undefined && mistaken === undefined) {
    stderr.write(unknownWorkflow(wanted, loaded))
    return 1
  }
  const now = await readRunningNow(settings)
  if (policy !== undefined) {
    const { version } = policy
    stdout.write(
      `${explainPolicy(version)}\n${doubts(doubtful, policy.file)}Now: ${now(version.policy.workflow, version.hash)}\n`,
    )
    return 0
  }
  stderr.write(`${whyRefused(refused, isWanted)}Now: ${now(mistaken?.workflow ?? null, null)}\n`)
  return 1
}

function doubts(doubtful: readonly RefusedPolicy[], of: string): string {
  const lines = mistakeLines(doubtful.filter(({ file }) => file === of))
  if (lines.length === 0) return ''
  return `What contradicts the territory table:\n${lines.map((line) => `- ${line}\n`).join('')}\n`
}

function unknownWorkflow(wanted: string, loaded: readonly LoadedPolicy[]): string {
  const known = loaded.map(({ version }) => version.policy.workflow)
  if (known.length === 0) return `There is no workflow "${wanted}", and no other one there.\n`
  const meant = slipOf(wanted, known)
  return `There is no workflow "${wanted}"${meant === undefined ? '.' : `; did you mean "${meant}"?`} There ${known.length === 1 ? 'is' : 'are'} ${together(known)}.\n`
}

function whyRefused(
  refused: readonly RefusedPolicy[],
  isWanted: (file: string, workflow: string | null) => boolean,
): string {
  const mistakes = refused.filter(({ file, workflow }) => isWanted(file, workflow))
  // A mistake in a shared file explains itself beside the workflow that it stops.
  const shared = refused.filter(({ workflow, file }) => workflow === null && !mistakes.some((m) => m.file === file))
  return mistakeLines([...mistakes, ...shared])
    .map((line) => `${line}\n`)
    .join('')
}

if (import.meta.main) await runAsProgram(runExplain)
