import '../crm/profiles.ts'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nearestName } from '../config/nearest-name.ts'
import { EXAMPLES, readSettings } from '../config/settings/settings.ts'
import { changesOf, contentHash, readDocument, readInForce } from '../publishing/documents.ts'
import { draftsFromFiles, type FileNews, fileDocuments } from '../publishing/follow-files.ts'
import { type Database, openDatabase } from '../store/database/database.ts'
import { findRunningInstance } from './stack/running-instance.ts'
import { NOTHING_RUNS } from './terminal/address.ts'
import { type Given, runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `policies diff|push [FOLDER]

diff  says in plain English what the files of a configuration folder would change of what is in force.
push  makes drafts of the files that differ. It puts nothing in force: people approve drafts on the page Changes.

FOLDER: the configuration; otherwise LANEKEEPER_CONFIG_DIR, or with the sandbox the examples that come with Lanekeeper.

Exit code 0: done, and diff found no difference. 1: nothing runs here, or diff found differences. 2: it could not be done.
64: the command was not understood.`

const VERBS = ['diff', 'push'] as const

/** Answers the exit code. */
export function runPolicies(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: {},
    words: 2,
    run: ({ words }: Given<Record<never, never>>) => policies(words, environment, streams),
    failed: (error: unknown) => ({ says: `Cannot compare the policies: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function policies(
  [verb, folder]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  if (verb === undefined || !VERBS.some((one) => one === verb)) {
    const meant = verb === undefined ? undefined : nearestName(verb, VERBS, 2)
    throw new UsageError(`Say diff or push${meant === undefined ? '' : `; did you mean "${meant}"?`}`)
  }
  const settings = readSettings(environment)
  const named = folder === undefined ? settings.configDir : resolve(folder)
  if (named !== null) refuseWithoutWorkflows(named)
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') {
    stderr.write(NOTHING_RUNS)
    return 1
  }
  const dir = named ?? (running.sandbox ? EXAMPLES : null)
  if (dir === null) {
    throw new UsageError(
      'Give the folder of your workflows as second word: what comes with Lanekeeper are examples about another company',
    )
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-policies' })
  try {
    if (verb === 'push') {
      stdout.write(pushed(await draftsFromFiles(db, dir), new URL('/changes', running.publicUrl).href))
      return 0
    }
    const { text, isAny } = await difference(db, dir)
    stdout.write(text)
    return isAny ? 1 : 0
  } finally {
    await db.destroy()
  }
}

function refuseWithoutWorkflows(dir: string): void {
  const folder = join(dir, 'workflows')
  if (existsSync(folder)) return
  throw new UsageError(`There is no folder ${folder}: give the configuration folder as second word`)
}

async function difference(db: Database, dir: string): Promise<{ readonly text: string; readonly isAny: boolean }> {
  const inForce = await readInForce(db)
  const parts: string[] = []
  for (const { document, file, source } of fileDocuments(dir)) {
    const base = inForce.documents.get(document)
    const { content, errors } = readDocument(document, source, inForce.company)
    if (content === null) {
      parts.push(
        section(
          document,
          errors.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`),
        ),
      )
    } else if (base === undefined) parts.push(section(document, ['All of it is new: nothing of it is in force.']))
    else if (contentHash(content) !== base.contentHash) {
      const changes = changesOf(document, base, { content, source }, inForce) ?? []
      parts.push(
        section(
          document,
          changes.map(({ says }) => says),
        ),
      )
    }
  }
  const same = `The files say what is in force (version ${inForce.seq}).\n`
  return { text: parts.length === 0 ? same : parts.join('\n'), isAny: parts.length > 0 }
}

function section(document: string, lines: readonly string[]): string {
  return `${document}\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function pushed(news: readonly FileNews[], page: string): string {
  if (news.length === 0) return 'Nothing to do: the files say what is in force, or what their drafts say.\n'
  const lines = news.map(({ document, draftId, what, approvalsEnded }) => {
    if (what === 'made') return `${document}: draft ${draftId} waits for approval.`
    const ended = approvalsEnded === 0 ? '' : `; ${approvalsEnded} approvals of the text before ended`
    return `${document}: draft ${draftId} has the new text${ended}.`
  })
  return `${lines.join('\n')}\nNothing is in force yet. Adopt and approve on ${page}\n`
}

if (import.meta.main) await runAsProgram(runPolicies)
