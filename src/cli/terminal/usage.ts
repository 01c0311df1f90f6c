import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { slipOf } from '../../config/nearest-name.ts'

/** The command line was not understood (`EX_USAGE` of sysexits.h): told apart from every answer of a command. */
export const USAGE_ERROR = 64

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The options of a command. Throws `UsageError` for what it does not know, with the option that was probably meant. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(optionMistake(error.message, Object.keys(options)), { cause: error })
  }
}

/** In our own words, because Node's say what its programmers can do. */
function optionMistake(nodes: string, known: readonly string[]): string {
  const [, unknown] = /^Unknown option '(-{1,2}[^']*)'/.exec(nodes) ?? []
  if (unknown !== undefined) {
    const meant = slipOf(unknown.replace(/^-+/, ''), known)
    return `There is no option ${unknown}${meant === undefined ? '' : `; did you mean --${meant}?`}`
  }
  const [, without] = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (?:missing|is ambiguous)/.exec(nodes) ?? []
  if (without !== undefined) return `${without} needs a value after it`
  const [, flag] = /^Option '(?:-\w, )?(--[\w-]+)' does not take an argument/.exec(nodes) ?? []
  return flag === undefined ? nodes : `${flag} takes no value`
}
