import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { nearestName } from '../../config/nearest-name.ts'
import { SettingsError } from '../../config/settings/settings.ts'
import { readOptions, USAGE_ERROR, UsageError } from './usage.ts'

export type Out = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }
export type Streams = { readonly stdout: Out; readonly stderr: Out }

const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const

/** What every command of the terminal has in common. */
export type Command<Options extends ParseArgsOptionsConfig> = {
  /** A function where it costs something to make. */
  readonly help: string | (() => string)
  readonly options: Options
  /** How many words it takes besides its options. */
  readonly words?: number
  /** Answers the exit code. */
  readonly run: (given: Given<Options>) => Promise<number> | number
  /** What is said of an error, and the exit code. Otherwise the sentence of the error, and 1. */
  readonly failed?: (error: unknown) => { readonly says: string; readonly code: number }
}

export type Given<Options extends ParseArgsOptionsConfig> = {
  readonly values: ReturnType<typeof readOptions<Options>>
  readonly words: readonly string[]
}

/**
 * Runs a command and answers its exit code. What it does not understand, in the arguments or in the settings, is answered
 * with USAGE_ERROR before anything is done. With --help it does nothing else.
 */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  command: Command<Options>,
  args: readonly string[],
  { stdout, stderr }: Streams,
): Promise<number> {
  const help = () => `${typeof command.help === 'string' ? command.help : command.help()}`.trimEnd()
  try {
    const { words, rest } = splitWords(args, { ...command.options, ...HELP })
    const { help: wanted } = readOptions(rest, { ...command.options, ...HELP }) as { help?: boolean }
    if (wanted) {
      stdout.write(`${help()}\n`)
      return 0
    }
    const tooMany = words.at(command.words ?? 0)
    if (tooMany !== undefined) throw new UsageError(`"${tooMany}" is not understood here`)
    return await command.run({ values: readOptions(rest, { ...command.options, ...HELP }) as never, words })
  } catch (error) {
    if (error instanceof UsageError) stderr.write(`${error.message}\n\n${help()}\n`)
    // Its sentence names the setting; the options of the command would only hide it.
    else if (error instanceof SettingsError) stderr.write(`${error.message}\n`)
    else {
      const { says, code } = command.failed?.(error) ?? { says: sentenceOf(error), code: 1 }
      stderr.write(`${says}\n`)
      return code
    }
    return USAGE_ERROR
  }
}

/** The word if it is one of those known; otherwise says which was probably meant. */
export function knownWord<const Word extends string>(what: string, word: string, known: readonly Word[]): Word {
  const found = known.find((one) => one === word)
  if (found !== undefined) return found
  throw new UsageError(
    `There is no ${what} "${word}"; did you mean "${nearestName(word, known)}"? There are ${known.join(', ')}`,
  )
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * The command as a program of its own: its exit code, and no stack trace when what read its output has gone away (`| head`).
 * Then it ends at once, unless it has to stop in order what it started.
 */
export async function runAsProgram(
  run: (
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
    streams: Streams,
  ) => Promise<number>,
  { stopsInOrder = false }: { readonly stopsInOrder?: boolean } = {},
): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!stopsInOrder && error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
    })
  }
  process.exitCode = await run(process.argv.slice(2), process.env, process)
}

/** The words of a command apart from its options and their values. */
function splitWords(
  args: readonly string[],
  options: ParseArgsOptionsConfig,
): { readonly words: string[]; readonly rest: string[] } {
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true })
  const taken = new Set(tokens.filter(({ kind }) => kind !== 'option').map(({ index }) => index))
  return {
    words: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
    rest: args.filter((_, index) => !taken.has(index)),
  }
}
