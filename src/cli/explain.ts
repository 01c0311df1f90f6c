import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type LoadedPolicy, loadPolicies, type RefusedPolicy } from '../config/policy-files.ts'
import { explainPolicy } from '../model/decision/explain-policy.ts'
import { together } from '../model/rules/render.ts'

const HELP = `Usage: npx lanekeeper explain <workflow or file> [config folder]

Says in plain English what a workflow does, who owns which job, and how each case is decided.
`

/** `npx lanekeeper explain <workflow|file>`. Answers the exit code. */
export async function runExplain(args: readonly string[]): Promise<number> {
  const [wanted, folder] = args
  if (wanted === undefined || wanted === '--help' || wanted === '-h') {
    process.stdout.write(HELP)
    return wanted === undefined ? 2 : 0
  }
  const isFile = /\.ya?ml$/.test(wanted)
  const dir = folder ?? (isFile ? dirname(dirname(resolve(wanted))) : join(import.meta.dirname, '../../config'))
  if (!existsSync(join(dir, 'workflows'))) {
    process.stderr.write(
      `There is no folder ${join(dir, 'workflows')}. Give the configuration folder as second word.\n`,
    )
    return 2
  }
  const { loaded, refused } = loadPolicies(dir)
  const isWanted = (file: string, workflow: string | null) =>
    isFile ? resolve(file) === resolve(wanted) : workflow === wanted
  const policy = loaded.find(({ file, version }) => isWanted(file, version.policy.workflow))
  if (policy !== undefined) {
    process.stdout.write(explainPolicy(policy.version))
    return 0
  }
  process.stderr.write(whyNot(wanted, loaded, refused, isWanted))
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
    return `There is no workflow "${wanted}". There ${known.length === 1 ? 'is' : 'are'} ${together(known)}.\n`
  }
  // A mistake in a shared file explains itself beside the workflow that it stops.
  const shared = refused.filter(({ workflow, file }) => workflow === null && !mistakes.some((m) => m.file === file))
  return [...mistakes, ...shared]
    .flatMap(({ file, errors }) => errors.map((e) => `${file}:${e.line}:${e.column} ${e.field} ${e.message}`))
    .map((line) => `${line}\n`)
    .join('')
}

if (import.meta.main) process.exitCode = await runExplain(process.argv.slice(2))
